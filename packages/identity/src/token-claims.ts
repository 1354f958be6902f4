import { PlatformError } from '@landbridge/kernel'

/** The payload of a JWT as it was signed. Only what verification checked may be trusted to have a type. */
export interface TokenClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly jti?: string
  readonly zid?: string
  readonly client_id?: string
  readonly cid?: string
  readonly azp?: string
  readonly grant_type?: string
  readonly scope?: string | readonly string[]
  readonly user_name?: string
  readonly user_id?: string
  readonly user_uuid?: string
  readonly email?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly origin?: string
  readonly ext_attr?: Readonly<Record<string, unknown>>
  readonly [claim: string]: unknown
}

/** A token whose signature, issuer and lifetime were checked, with the claims that decisions rest on. */
export interface VerifiedToken {
  /** The token as it was sent. Secret: never log it. */
  readonly raw: string
  readonly claims: TokenClaims
  /** `zid`, else `app_tid` or `zone_uuid`; empty for an external issuer without a tenant. */
  readonly tenantId: string
  /** `ext_attr.zdn`; empty when absent. */
  readonly subdomain: string
  /** `client_id`, else `cid`, else `azp`. */
  readonly clientId: string
  /** `ext_attr.serviceinstanceid`; empty when absent. */
  readonly instanceId: string
  /** The service that the client is bound to: `ext_attr.service`; empty when absent. */
  readonly service: string
  /** Empty for a technical token. */
  readonly userName: string
  readonly expiresAtMs: number
}

/**
 * Reads the decisive claims of a payload whose signature is good.
 * @throws PlatformError TOKEN_CLAIMS when `exp` is not a positive number.
 */
export function toVerifiedToken(raw: string, claims: TokenClaims): VerifiedToken {
  if (typeof claims.exp !== 'number' || !(claims.exp > 0)) throw new PlatformError('TOKEN_CLAIMS', { claim: 'exp' })
  const extension = typeof claims.ext_attr === 'object' && claims.ext_attr !== null ? claims.ext_attr : {}
  return {
    raw,
    claims,
    tenantId: firstText(claims.zid, claims.app_tid, claims.zone_uuid),
    subdomain: firstText(extension.zdn),
    clientId: firstText(claims.client_id, claims.cid, claims.azp),
    instanceId: firstText(extension.serviceinstanceid),
    service: firstText(extension.service),
    userName: isTechnical(claims) ? '' : firstText(claims.user_name, claims.email, claims.mail),
    expiresAtMs: claims.exp * 1000,
  }
}

/** True for a token that says that no user stands behind it. */
export function isTechnical(claims: TokenClaims): boolean {
  return claims.grant_type === 'client_credentials' || claims.sap_id_type === 'app'
}

/** The claim `scope` as a list, whether it came as an array or as words of one text (RFC 8693 section 4.2). */
export function scopesOf(claims: TokenClaims): readonly string[] {
  return textList(claims.scope, ' ')
}

/** The claim `aud` as a list (RFC 7519 section 4.1.3 allows a plain text as well). */
export function audienceOf(claims: TokenClaims): readonly string[] {
  return textList(claims.aud)
}

function textList(value: unknown, separator?: string): readonly string[] {
  if (Array.isArray(value)) return value.filter((entry) => typeof entry === 'string')
  if (typeof value !== 'string') return []
  return separator === undefined ? [value] : value.split(separator).filter((entry) => entry !== '')
}

function firstText(...candidates: unknown[]): string {
  for (const candidate of candidates) if (typeof candidate === 'string' && candidate !== '') return candidate
  return ''
}
