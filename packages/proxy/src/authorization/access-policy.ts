import type { VerifiedToken } from '@landbridge/identity'

/** How one proxy listener authorises its callers: the four operational modes (guide L31903) are combinations. */
export interface AccessPolicy {
  /** True: callers show a token in `Proxy-Authorization` (non-trusted modes). */
  readonly authorization: boolean
  /** `dedicated`: every request belongs to `subaccountId`; `shared`: the token decides. */
  readonly tenantMode: 'dedicated' | 'shared'
  /** Only for `dedicated`. */
  readonly subaccountId: string
  /** Whether the OAuth client of a verified token may use this proxy. */
  readonly acceptClient: (token: VerifiedToken) => boolean
  /** Whether the OAuth client of a verified token may name the tenant in multi-tenant trusted mode. */
  readonly acceptServiceClient: (token: VerifiedToken) => boolean
  /**
   * True: the tenant of a platform user token in `SAP-Connectivity-Authentication` decides (the cloud service, guide
   * L12127). False: it never does (the proxy for Kubernetes).
   */
  readonly userTokenNamesTenant: boolean
  /** Claims in which a user token may hold the token of a corporate identity provider. None: tokens pass as they are. */
  readonly embeddedTokenClaims?: readonly string[]
  /** Whether the caller with this token may act for a user of another tenant (a declared subscription). */
  readonly mayActFor: (token: VerifiedToken, userTenantId: string) => boolean | Promise<boolean>
}

/** Who calls, as far as the proxy needs to know. */
export interface Caller {
  readonly subaccountId: string
  /** OAuth client of the calling application; '' in trusted modes. */
  readonly clientId: string
  /** Compact JWT of the business user to propagate; '' for none. */
  readonly userToken: string
  /** Compact JWT of the technical user to propagate; '' for none. */
  readonly technicalToken: string
  /** The token that the proxy presents to the connectivity service instead of its own; '' for none. */
  readonly serviceToken: string
  /** When the first of the tokens expires; the decision is void then. */
  readonly expiresAtMs: number
}

/** What a caller sent, already cut out of its headers; '' where a header is absent. */
export interface Credentials {
  readonly proxyAuthorization: string
  readonly userAuthentication: string
  readonly technicalAuthentication: string
  readonly serviceToken: string
}
