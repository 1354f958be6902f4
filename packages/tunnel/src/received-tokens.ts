import { type TokenDefinition, type TokenLimits, tokenLimits } from './token-definition.ts'

/** A token that the peer defined. The same object for every request that refers to it. */
export interface ReceivedToken {
  readonly text: string
  /** Free for whoever reads the token: what it found out about it. Whether that still holds is for the finder to know. */
  found: unknown
}

/** The tokens that the peer of one tunnel connection has defined, by their numbers. Gone with the connection. */
export class ReceivedTokens {
  readonly #limits: TokenLimits
  /** Oldest first. */
  readonly #tokens: Map<number, ReceivedToken>
  #bytes: number

  constructor(limits: TokenLimits = tokenLimits) {
    this.#limits = limits
    this.#tokens = new Map()
    this.#bytes = 0
  }

  /** Tokens kept, and their characters. */
  get size(): number {
    return this.#tokens.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes a definition over. A number that is in use stands for the new token from now on. */
  define({ number, token }: TokenDefinition): void {
    const { definitions, bytes } = this.#limits
    this.#forget(number)
    while (this.#tokens.size >= definitions || this.#bytes + token.length > bytes) this.#forgetOldest()
    this.#tokens.set(number, { text: token, found: undefined })
    this.#bytes += token.length
  }

  /** Undefined: the peer has not defined it, or so long ago that both ends have forgotten it. */
  find(number: number): ReceivedToken | undefined {
    return this.#tokens.get(number)
  }

  #forgetOldest(): void {
    for (const oldest of this.#tokens.keys()) return this.#forget(oldest)
  }

  #forget(number: number): void {
    const token = this.#tokens.get(number)
    if (token === undefined) return
    this.#tokens.delete(number)
    this.#bytes -= token.text.length
  }
}
