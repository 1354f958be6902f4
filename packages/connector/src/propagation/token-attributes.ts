import type { TokenClaims } from '@landbridge/identity'

/** Whom a token stands for; the header in which it came decides, not the token (guide L20623). */
export type UserType = 'Business' | 'Technical'

/** What a pattern may ask for, by name. A claim may have several values; a claim without any value counts as absent. */
export interface TokenAttributes {
  /** The values of `${variable}`; empty when the token lacks it. */
  values(variable: string): readonly string[]
}

/** Claims that identify a user, the first present one counts (guide L12513). */
const nameClaims = ['user_name', 'email', 'mail', 'user_uuid', 'sub'] as const

/** @param claims of a verified token: nothing here checks anything. */
export function attributesOf(claims: TokenClaims, userType: UserType): TokenAttributes {
  return {
    values(variable) {
      if (variable === 'user_type') return [userType]
      if (variable === 'name')
        for (const claim of nameClaims) {
          const values = textsOf(member(claims, claim))
          if (values.length > 0) return values
        }
      const own = textsOf(member(claims, variable))
      return own.length > 0 ? own : textsOf(member(member(claims, 'xs.user.attributes'), variable))
    },
  }
}

/** Own members only: a variable called `constructor` is absent like any other. */
function member(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined
  return (holder as Readonly<Record<string, unknown>>)[name]
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf)
  if (typeof value === 'string') return value === '' ? [] : [value]
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : []
}
