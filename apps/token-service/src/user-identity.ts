import type { TokenClaims, User } from '@landbridge/identity'

/** A user as tokens describe one, whether he comes from the user directory or from an assertion. */
export interface UserIdentity {
  readonly id: string
  readonly userName: string
  readonly email: string
  readonly givenName: string
  readonly familyName: string
  readonly origin: string
  readonly roleCollections: readonly string[]
  readonly samlGroups: readonly string[]
  readonly attributes: Readonly<Record<string, readonly string[]>>
  /** True when the user directory knows him: a refresh then reads him again. */
  readonly isLocal: boolean
}

export function identityOfUser(user: User): UserIdentity {
  return {
    id: user.id,
    userName: user.userName,
    email: user.email,
    givenName: user.givenName,
    familyName: user.familyName,
    origin: user.origin,
    roleCollections: user.roleCollections,
    samlGroups: user.attributes.Groups ?? user.attributes.groups ?? [],
    attributes: user.attributes,
    isLocal: true,
  }
}

/**
 * The user of a verified user token. `origin` names the identity provider when an external issuer wrote the token:
 * then its own claim of that name counts for nothing.
 */
export function identityOfClaims(claims: TokenClaims, origin?: string): UserIdentity {
  const system = asRecord(claims['xs.system.attributes'])
  const email = text(claims.email) || text(claims.mail)
  const id = text(claims.user_id) || text(claims.user_uuid) || text(claims.sub)
  return {
    id,
    userName: text(claims.user_name) || email || id,
    email,
    givenName: text(claims.given_name),
    familyName: text(claims.family_name),
    origin: origin ?? text(claims.origin),
    // Role collections are ours to give: an external issuer cannot assert them, its groups it can.
    roleCollections: origin === undefined ? textList(system['xs.rolecollections']) : [],
    samlGroups: textList(origin === undefined ? system['xs.saml.groups'] : (claims.groups ?? system['xs.saml.groups'])),
    attributes: attributesOf(claims),
    isLocal: false,
  }
}

function attributesOf(claims: TokenClaims): Readonly<Record<string, readonly string[]>> {
  const found = claims['xs.user.attributes'] ?? asRecord(claims.ext_cxt)['xs.user.attributes']
  return Object.fromEntries(Object.entries(asRecord(found)).map(([name, values]) => [name, textList(values)]))
}

/** The claims that describe a user; `user_id` and `user_uuid` are one and the same here. */
export function claimsOfIdentity(user: UserIdentity): TokenClaims {
  return {
    sub: user.id,
    user_id: user.id,
    user_uuid: user.id,
    user_name: user.userName,
    email: user.email,
    given_name: user.givenName,
    family_name: user.familyName,
    origin: user.origin,
    'xs.user.attributes': user.attributes,
    'xs.system.attributes': { 'xs.rolecollections': user.roleCollections, 'xs.saml.groups': user.samlGroups },
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textList(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
