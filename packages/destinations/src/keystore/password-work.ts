const sequence = 0x30
const octetString = 0x04
const joinedOctetString = 0x24
const integer = 0x02
const deepest = 40

interface Element {
  readonly tag: number
  readonly content: Buffer
}

/**
 * How often a file makes its reader repeat the derivation of a key, all parts together. Whoever uploads a file decides
 * about these numbers, and deriving blocks the process: a reader looks here first. Every place has the form of a
 * SEQUENCE in which the salt precedes the number (RFC 7292 section 4, RFC 8018 appendix A).
 */
export function passwordWork(der: Buffer, depth = 0): number {
  if (depth > deepest) return Number.POSITIVE_INFINITY
  let work = 0
  let before: Element | undefined
  for (const element of elements(der)) {
    if (element.tag === integer && before?.tag === octetString) work += numberIn(element.content)
    // Parts of PKCS#12 lie in octet strings, and anything else in there is no SEQUENCE.
    if (element.tag === joinedOctetString) {
      // One text in pieces (BER), which may be cut anywhere.
      const pieces = [...elements(element.content)].map((piece) => piece.content)
      work += passwordWork(Buffer.concat(pieces), depth + 1)
    }
    const nests = (element.tag & 0x20) !== 0 || (element.tag === octetString && element.content[0] === sequence)
    if (nests) work += passwordWork(element.content, depth + 1)
    before = element
  }
  return work
}

/** The elements side by side in this content; it ends where they stop making sense. */
function* elements(content: Buffer): Generator<Element> {
  let at = 0
  while (at + 2 <= content.length) {
    const tag = content[at] ?? 0
    const first = content[at + 1] ?? 0
    const lengthBytes = first > 0x80 ? first & 0x7f : 0
    if (lengthBytes > 4 || at + 2 + lengthBytes > content.length) return
    const start = at + 2 + lengthBytes
    // An indefinite length (BER) ends at a mark: what follows the element is then read as if it were inside.
    const length =
      first === 0x80 ? content.length - start : lengthBytes === 0 ? first : content.readUIntBE(at + 2, lengthBytes)
    yield { tag, content: content.subarray(start, start + length) }
    at = start + length
  }
}

function numberIn(content: Buffer): number {
  if (content.length === 0 || content.length > 6) return Number.POSITIVE_INFINITY
  return content.readUIntBE(0, content.length)
}
