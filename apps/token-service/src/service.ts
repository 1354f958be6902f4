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

/** Everything that endpoints work with, built once in `start.ts`. */
export interface TokenService {
  readonly config: TokenServiceConfig
  readonly domain: UaaDomain
  readonly clients: ClientDirectory
  readonly tenants: TenantDirectory
  readonly users: UserDirectory
  /** Knows systems that show client certificates; undefined: none are known. */
  readonly clientCertificates: ClientCertificates | undefined
  readonly mayActIn: TenantPermission
  readonly ring: SigningKeyRing
  readonly issuer: TokenIssuer
  /** Verifies our own tokens and those of the trusted issuers. */
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
