const maxRemembered = 2_000
const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Finds the token of a corporate identity provider inside a user token (guide L12236): the Cloud Connector gets that one
 * instead. Nothing is believed here. Whoever may send a token may send the inner one alone as well, and the Cloud
 * Connector verifies what arrives against the issuers that it trusts.
 */
export class EmbeddedTokens {
  readonly #paths: readonly (readonly string[])[]
  /** By the whole outer token. Oldest first. */
  readonly #found: Map<string, string>

  /** @param claims where to look, in order; `/` leads into an object, because names of claims have dots. */
  constructor(claims: readonly string[]) {
    this.#paths = claims.map((claim) => claim.split('/'))
    this.#found = new Map()
  }

  /** The token that stands for the user: the inner one, or the given one where there is none. */
  innermost(token: string): string {
    if (this.#paths.length === 0 || token === '') return token
    const known = this.#found.get(token)
    if (known !== undefined) return known
    const inner = this.#search(token) ?? token
    if (this.#found.size >= maxRemembered)
      for (const oldest of this.#found.keys()) {
        this.#found.delete(oldest)
        break
      }
    this.#found.set(token, inner)
    return inner
  }

  #search(token: string): string | undefined {
    if (!compactJwt.test(token)) return undefined
    const claims = payloadOf(token)
    for (const path of this.#paths) {
      const value = path.reduce(own, claims)
      // Attributes of a UAA are lists.
      const text: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
      if (typeof text === 'string' && compactJwt.test(text)) return text
    }
    return undefined
  }
}

function payloadOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    return undefined
  }
}

function own(container: unknown, name: string): unknown {
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, name)) return undefined
  return (container as Readonly<Record<string, unknown>>)[name]
}
