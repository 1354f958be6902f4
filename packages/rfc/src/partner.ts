import { appcHeadBytes } from './appc-record.ts'

/** Where a conversation really goes, instead of where the client believes it goes. */
export interface RfcPartner {
  /** Internal host of the mapping; longer than 128 characters is impossible. */
  readonly host: string
  /** Instance number of two digits, '' when only the port is known: then the client's number stays. */
  readonly instance: string
}

/** Why a record that sets a conversation up is refused. */
export type PartnerRefusal =
  | 'conversation with a started program'
  | 'conversation with a registered program'
  | 'conversation of an unsupported kind'
  | 'conversation with another program than an ABAP system'
  | 'record of an unsupported layout'

const initializeBytes = 373
const partnerBytes = 144
/** Offsets behind the operation information of an "initialize" record: the long logical unit and the long program. */
const longUnit = { offset: appcHeadBytes + 105, length: 128 } as const
const longProgram = { offset: appcHeadBytes + 309, length: 64 } as const
const shortUnit = { offset: 56, length: 8 } as const
const shortProgram = { offset: 64, length: 8 } as const
const connectionType = 72

const abapSystem = 0x49
const startedProgram = 0x45
const registeredProgram = 0x52

/**
 * Checks a record "initialize" and points it at the partner of the mapping. Only conversations with an ABAP system pass:
 * others start programs on the gateway host or reach registered ones. The host is replaced because a gateway would look
 * up whatever name the client wrote, and because only the virtual name is known to the client.
 * @returns the bytes to forward
 */
export function redirectInitialize(payload: Buffer, parameters: number, partner: RfcPartner): Buffer | PartnerRefusal {
  const kind = payload[connectionType]
  if (kind === startedProgram) return 'conversation with a started program'
  if (kind === registeredProgram) return 'conversation with a registered program'
  if (kind !== abapSystem) return 'conversation of an unsupported kind'
  if (payload.length !== appcHeadBytes + parameters || (parameters !== 0 && parameters !== initializeBytes))
    return 'record of an unsupported layout'
  const copy = Buffer.from(payload)
  const programs = parameters === 0 ? [shortProgram] : [shortProgram, longProgram]
  for (const { offset, length } of programs) {
    const name = fixedText(copy, offset, length)
    if (!/^sapdp[0-9]{2}$/.test(name) && !(name === '' && offset !== shortProgram.offset))
      return 'conversation with another program than an ABAP system'
    if (name !== '' && partner.instance !== '') copy.write(partner.instance, offset + 5, 'latin1')
  }
  writeFixed(copy, shortUnit, partner.host, 0x20)
  if (parameters !== 0) writeFixed(copy, longUnit, partner.host, 0)
  return copy
}

/** Points a record "set partner" at the partner of the mapping. @returns the bytes to forward */
export function redirectPartner(payload: Buffer, parameters: number, partner: RfcPartner): Buffer | PartnerRefusal {
  if (payload.length !== appcHeadBytes + parameters || (parameters !== 0 && parameters !== partnerBytes))
    return 'record of an unsupported layout'
  const copy = Buffer.from(payload)
  const host = partner.host.slice(0, longUnit.length)
  writeFixed(copy, { offset: 48, length: 8 }, host, 0x20)
  copy.writeUInt32BE(parameters === 0 ? Math.min(host.length, 8) : host.length, 56)
  // An address would win over the name; without one the gateway looks the name up.
  copy.fill(0, 60, 76)
  if (parameters !== 0) {
    writeFixed(copy, { offset: appcHeadBytes, length: longUnit.length }, host, 0)
    copy.fill(0, appcHeadBytes + longUnit.length)
  }
  return copy
}

function fixedText(payload: Buffer, offset: number, length: number): string {
  return payload.toString('latin1', offset, offset + length).replace(/[\0 ]+$/, '')
}

function writeFixed(
  target: Buffer,
  { offset, length }: { readonly offset: number; readonly length: number },
  text: string,
  padding: number,
): void {
  target.fill(padding, offset, offset + length)
  target.write(text.slice(0, length), offset, 'latin1')
}
