import { type RfcElement, RfcTag, writeMessage, writeText } from '@landbridge/rfc'
import type { AbapParameter, AbapResult } from './abap-system.ts'

const protocolVersion = Buffer.from('00000e0b', 'hex')
const capabilities = Buffer.from('0401000300030200000023', 'hex')
const littleEndian = '4103'

const text = (value: string): Buffer => writeText(value, littleEndian)

/** The answer to a logon: `status` 0 lets the user in. */
export function logonReply(status: number): Buffer {
  return writeMessage({ tag: RfcTag.start, value: Buffer.from('0101010504010003', 'hex') }, [
    { tag: RfcTag.protocolVersion, value: protocolVersion },
    { tag: RfcTag.capabilities, value: capabilities },
    { tag: RfcTag.logonStatus, value: Buffer.of(status) },
  ])
}

/** The answer to a call. Fields of type CHAR go out with blanks up to their length. */
export function callReply(
  result: Exclude<AbapResult, { kind: 'close' }>,
  parameters: readonly AbapParameter[] = [],
): Buffer {
  const lengths = new Map(parameters.map(({ name, length }) => [name, length]))
  const elements: RfcElement[] = [{ tag: RfcTag.replyContext }]
  if (result.kind === 'exception') elements.push({ tag: RfcTag.exceptionKey, value: text(result.key) })
  else {
    elements.push({ tag: RfcTag.callStatus, value: Buffer.alloc(4) }, { tag: RfcTag.callContext })
    for (const [name, value] of Object.entries(result.exports ?? {}))
      elements.push(
        { tag: RfcTag.parameterName, value: text(name) },
        {
          tag: RfcTag.parameterValue,
          value: typeof value === 'string' ? text(value.padEnd(lengths.get(name) ?? 0)) : value,
        },
      )
    for (const [name, { rowBytes, rows }] of Object.entries(result.tables ?? {})) {
      const header = Buffer.alloc(8)
      header.writeUInt32BE(rowBytes, 0)
      header.writeUInt32BE(rows.length, 4)
      elements.push({ tag: RfcTag.tableName, value: text(name) }, { tag: RfcTag.tableHeader, value: header })
      for (const row of rows) elements.push({ tag: RfcTag.tableRow, value: row })
    }
  }
  return writeMessage({ tag: RfcTag.reply }, elements)
}
