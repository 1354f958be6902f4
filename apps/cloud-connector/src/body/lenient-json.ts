import { PlatformError } from '@landbridge/kernel'

const maxDepth = 32

/**
 * Reads JSON as the guide's own commands write it (guide L22354, L22718, L26571): `=` or `=>` instead of `:`,
 * single-quoted strings, and bare words as strings. Everything strict JSON allows means the same here.
 * @throws PlatformError REQUEST_INVALID
 */
export function parseLenientJson(text: string): unknown {
  try {
    return guarded(JSON.parse(text), 0)
  } catch (failure) {
    if (failure instanceof PlatformError) throw failure
    return guarded(new LenientReader(text).document(), 0)
  }
}

/** Both ways accept the same documents: limited in depth, and without NUL, which databases and headers cannot hold. */
function guarded(value: unknown, depth: number): unknown {
  if (typeof value === 'string' && value.includes('\0')) throw invalid('a NUL character is not allowed')
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) throw invalid('it is nested too deeply')
  for (const [name, member] of Object.entries(value)) {
    guarded(name, depth + 1)
    guarded(member, depth + 1)
  }
  return value
}

class LenientReader {
  readonly #text: string
  #at: number

  constructor(text: string) {
    this.#text = text
    this.#at = 0
  }

  document(): unknown {
    const value = this.#value(0)
    this.#blanks()
    if (this.#at < this.#text.length) throw invalid('text follows the value')
    return value
  }

  #value(depth: number): unknown {
    if (depth > maxDepth) throw invalid('it is nested too deeply')
    this.#blanks()
    const char = this.#text[this.#at]
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#array(depth)
    if (char === '"' || char === "'") return this.#string(char)
    return this.#word()
  }

  #object(depth: number): Record<string, unknown> {
    const members = new Map<string, unknown>()
    this.#at++
    this.#blanks()
    if (this.#take('}')) return {}
    do {
      this.#blanks()
      const char = this.#text[this.#at]
      const name = char === '"' || char === "'" ? this.#string(char) : String(this.#word())
      this.#blanks()
      if (this.#take('=')) this.#take('>')
      else if (!this.#take(':')) throw invalid('a name has no value')
      members.set(name, this.#value(depth + 1))
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take('}')) throw invalid('an object does not end')
    // Defines own members whatever their names, `__proto__` included.
    return Object.fromEntries(members)
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = []
    this.#at++
    this.#blanks()
    if (this.#take(']')) return values
    do {
      values.push(this.#value(depth + 1))
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take(']')) throw invalid('an array does not end')
    return values
  }

  #string(quote: string): string {
    let end = this.#at + 1
    while (end < this.#text.length && this.#text[end] !== quote) end += this.#text[end] === '\\' ? 2 : 1
    if (end >= this.#text.length) throw invalid('a string does not end')
    const inner = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    const plain = quote === '"' ? inner : inner.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/g, '\\"')
    try {
      return String(JSON.parse(`"${plain}"`))
    } catch {
      throw invalid('a string holds an invalid escape or a control character')
    }
  }

  #word(): unknown {
    const word = /[^\s,:=>{}[\]"']*/y
    word.lastIndex = this.#at
    const text = word.exec(this.#text)?.[0] ?? ''
    if (text === '') throw invalid('a value is missing')
    this.#at += text.length
    if (text === 'true' || text === 'false') return text === 'true'
    if (text === 'null') return null
    return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }
}

function invalid(reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field: 'body', reason: `the body is not JSON: ${reason}` })
}
