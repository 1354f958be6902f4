import type { Secret } from '@landbridge/kernel'
import type { VerifiedToken } from './token-claims.ts'

/** A subaccount as tokens know it: `zid` is the id, `ext_attr.zdn` the subdomain. */
export interface Tenant {
  readonly id: string
  readonly subdomain: string
}

export interface TenantDirectory {
  tenantById(id: string): Promise<Tenant | undefined>
  tenantBySubdomain(subdomain: string): Promise<Tenant | undefined>
}

/** An OAuth client: one service binding of one service instance. */
export interface OAuthClient {
  readonly clientId: string
  /** Absent for a binding with credential type x509. */
  readonly secret?: Secret
  /** SHA-256 of the DER form, base64url; see `certificateFacts().thumbprint`. */
  readonly certificateThumbprints: readonly string[]
  readonly subaccountId: string
  readonly instanceId: string
  readonly service: string
  readonly plan: string
  readonly xsappname: string
  /** Exact addresses or patterns such as `https://*.example.test/**`. */
  readonly redirectUris: readonly string[]
}

export interface ClientDirectory {
  findClient(clientId: string): Promise<OAuthClient | undefined>
}

/** What a service asks about the client of a token. */
export type CallingClient = Pick<OAuthClient, 'subaccountId' | 'instanceId' | 'service'>

/**
 * The client that a verified token was issued to; undefined when it is gone.
 * @param service that is called: a communication user is another client for each
 */
export type ClientOf = (
  token: VerifiedToken,
  service?: 'destination' | 'connectivity',
) => Promise<CallingClient | undefined>

export interface User {
  readonly id: string
  readonly userName: string
  readonly email: string
  readonly givenName: string
  readonly familyName: string
  /** Name of the identity provider that knows the user. */
  readonly origin: string
  readonly roleCollections: readonly string[]
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

export interface UserDirectory {
  /** Compares with scrypt; undefined when the user is unknown or the password wrong, in about the same time. */
  authenticate(userName: string, password: string, subaccountId: string): Promise<User | undefined>
  findUser(id: string): Promise<User | undefined>
}
