import type { TokenClaims } from '../token-claims.ts'

/**
 * The first of several claims that is a non-empty text. A path is the whole name of a claim, also one with dots in it
 * (`https://example.com/tenant`), or else leads through objects (`ext_attr.zdn`). '' when there is none.
 */
export function textClaim(claims: TokenClaims, paths: readonly string[]): string {
  for (const path of paths) {
    const value = own(claims, path) ?? path.split('.').reduce<unknown>(own, claims)
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

/** Nothing inherited: a path such as `constructor.name` must not lead out of the token. */
function own(container: unknown, name: string): unknown {
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, name)) return undefined
  return (container as Readonly<Record<string, unknown>>)[name]
}
