import { RfcTag } from './rfc-tag.ts'

/** One element of a message. */
export interface RfcElement {
  readonly tag: number
  readonly value?: Buffer
}

const longLength = 0xffff

/** The elements as a chain behind an element with tag `previous`. */
export function writeChain(previous: number, elements: readonly RfcElement[]): Buffer {
  const parts: Buffer[] = []
  let before = previous
  for (const { tag, value } of elements) {
    const length = value?.length ?? 0
    const head = Buffer.alloc(length < longLength ? 6 : 10)
    head.writeUInt16BE(before, 0)
    head.writeUInt16BE(tag, 2)
    head.writeUInt16BE(Math.min(length, longLength), 4)
    if (length >= longLength) head.writeUInt32BE(length, 6)
    parts.push(head)
    if (value !== undefined) parts.push(value)
    before = tag
  }
  return Buffer.concat(parts)
}

/** A message: its first element, the others, the end. */
export function writeMessage(first: RfcElement, elements: readonly RfcElement[]): Buffer {
  const value = first.value ?? Buffer.alloc(0)
  const head = Buffer.alloc(4)
  head.writeUInt16BE(first.tag, 0)
  head.writeUInt16BE(value.length, 2)
  const end = Buffer.of(0xff, 0xff)
  return Buffer.concat([head, value, writeChain(first.tag, [...elements, { tag: RfcTag.end }]), end])
}
