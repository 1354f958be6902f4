/** Host names and client IDs are shorter; the rest is made each time. */
const longest = 64
const slots = 256

/**
 * Texts that come again and again as bytes: host names, client IDs. Reading the bytes costs less than making the text,
 * and the same object is found in maps without computing its hash anew. A text whose place another one took is made
 * again, so what a peer sends costs no memory.
 */
export class ShortTexts {
  readonly #raw: string[]
  readonly #made: string[]
  readonly #make: (raw: string) => string

  /** @param make what is wanted of a text; the same for the same text. */
  constructor(make: (raw: string) => string = (raw) => raw) {
    this.#raw = new Array(slots).fill('')
    this.#made = new Array(slots).fill('')
    this.#make = make
  }

  /** What is wanted of `source[start, end)`, read as latin1. */
  read(source: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > longest) return this.#make(source.toString('latin1', start, end))
    let hash = length
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + source[at]!) | 0
    const slot = (hash ^ (hash >>> 8)) & (slots - 1)
    const raw = this.#raw[slot]!
    if (raw.length === length && isText(raw, source, start)) return this.#made[slot]!
    const text = source.toString('latin1', start, end)
    this.#raw[slot] = text
    this.#made[slot] = this.#make(text)
    return this.#made[slot]
  }
}

function isText(text: string, source: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== source[start + i]) return false
  return true
}
