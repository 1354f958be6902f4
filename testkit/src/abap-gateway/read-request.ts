import { logonSignature, type RfcElement, RfcTag } from '@landbridge/rfc'

/** A whole message of a client, read on its own: the emulated system does not rely on the reader it is there to test. */
export interface RfcRequest {
  readonly isLogon: boolean
  readonly elements: readonly Required<RfcElement>[]
}

/** @throws RangeError when the bytes are no message */
export function readRequest(message: Buffer): RfcRequest {
  const isLogon = message.subarray(0, logonSignature.length).equals(logonSignature)
  let at = isLogon ? logonSignature.length : 0
  const elements: Required<RfcElement>[] = []
  let tag = message.readUInt16BE(at)
  let length = message.readUInt16BE(at + 2)
  at += 4 + length
  for (;;) {
    if (message.readUInt16BE(at) !== tag) throw new RangeError(`chain broken at ${at}`)
    tag = message.readUInt16BE(at + 2)
    length = message.readUInt16BE(at + 4)
    at += 6
    if (length === 0xffff && tag !== RfcTag.end) {
      length = message.readUInt32BE(at)
      at += 4
    }
    if (tag === RfcTag.end) return { isLogon, elements }
    if (at + length > message.length) throw new RangeError(`value cut off at ${at}`)
    elements.push({ tag, value: message.subarray(at, at + length) })
    at += length
  }
}

/** The value of the first element with this tag. */
export function firstValue({ elements }: RfcRequest, tag: number): Buffer | undefined {
  return elements.find((element) => element.tag === tag)?.value
}

/** The imports by name. */
export function importsOf({ elements }: RfcRequest): ReadonlyMap<string, Buffer> {
  const imports = new Map<string, Buffer>()
  elements.forEach(({ tag, value }, index) => {
    const next = elements[index + 1]
    if (tag === RfcTag.parameterName && next?.tag === RfcTag.parameterValue)
      imports.set(value.toString('utf16le'), next.value)
  })
  return imports
}
