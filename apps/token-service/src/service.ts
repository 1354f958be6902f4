import type { ClientCertificates } from '@landbridge/certificates'
import type {
  ClientDirectory,
  OAuthClient,
  SigningKeyRing,
  SingleUse,
  Tenant,
  TenantDirectory,
  TokenVerifier,
  UserDirectory,
} from '@landbridge/identity'
import type { Clock, Log } from '@landbridge/kernel'
import type { TokenServiceConfig } from './config.ts'
import type { PasscodeLimit } from './login/passcode-limit.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { TrustedSamlIssuers } from './saml/trusted-saml-issuers.ts'
import type { SealedValues } from './sealed-values.ts'
import type { TokenIssuer } from './token-issuer.ts'
import type { UaaDomain } from './uaa-domain.ts'
import type { WebRequest } from './web.ts'

/** Decides whether a client may get tokens for a tenant that is not its own: a subscription, for example. */
export type TenantPermission = (client: OAuthClient, tenant: Tenant) => Promise<boolean>

/** A code that stands for a user's password once, where a connector is connected with a subaccount. Secret. */
export interface Passcode {
  readonly text: string
  readonly expiresAtMs: number
}

/** Makes a passcode for a user who is logged in. */
export type NewPasscode = (holder: {
  readonly tenantId: string
  readonly userId: string
  readonly lifetimeMs: number
}) => Passcode

/** The two issuers of the process. A request belongs to one by its host; clients of one are unknown to the other. */
export interface Issuers {
  /** XSUAA-compatible, on `<subdomain>.<uaaDomain>` and every host that nobody else has. */
  readonly uaa: TokenService
  /** In the way of SAP Cloud Identity Services, on `<subdomain>.<identityDomain>`. */
  readonly identity: TokenService
}

/** Everything that the endpoints of one issuer work with, built once in `start.ts`. */
export interface TokenService {
  readonly config: TokenServiceConfig
  readonly domain: UaaDomain
  /** That of the identity issuer, which is `domain` where this is the identity issuer. */
  readonly identityDomain: UaaDomain
  /** Path of the endpoint to which a login returns. */
  readonly authorizePath: string
  /** The ID of the tenant that a request names beside its host; '' when it names none. */
  readonly tenantIdOf: (request: WebRequest) => string
  readonly clients: ClientDirectory
  readonly tenants: TenantDirectory
  readonly users: UserDirectory
  /** Knows systems that show client certificates; undefined: none are known. */
  readonly clientCertificates: ClientCertificates | undefined
  readonly mayActIn: TenantPermission
  readonly ring: SigningKeyRing
  readonly issuer: Pick<TokenIssuer, 'forClient' | 'forUser' | 'refreshToken'>
  /** Verifies the tokens that may be exchanged here: our own and those of the trusted issuers. */
  readonly verifier: TokenVerifier
  readonly samlIssuers: TrustedSamlIssuers
  readonly sealed: SealedValues
  readonly singleUse: SingleUse
  readonly throttle: LoginThrottle
  /** Undefined: this installation has no use for passcodes. */
  readonly newPasscode: NewPasscode | undefined
  readonly passcodeLimit: PasscodeLimit
  readonly clock: Clock
  readonly log: Log
}
