import type { Secret } from '@landbridge/kernel'
import type { BoundService } from './render-credentials.ts'

/** A client as its issuer knows it. */
export interface IssuedClient {
  readonly clientId: string
  /** Absent when nobody told it to the platform. */
  readonly clientSecret?: Secret
}

/** Addresses of the running platform that credentials carry. Everything a client needs and nothing it must guess. */
export interface PlatformEndpoints {
  /** Bare host of the token service, with port if it is not 443: `localhost:8081`. */
  readonly uaaDomain: string
  /**
   * Base URL of the tenant's token service, when it is not `https://<subdomain>.<uaaDomain>`: clients on a machine that
   * does not resolve that name need another one. Without path.
   */
  readonly tokenServiceUrl?: string
  /** The complete token endpoint, where it is not below that URL at `/oauth/token`. */
  readonly tokenEndpoint?: string
  /**
   * Name below which each tenant has an identity issuer, with port if it is not 443: `accounts.localhost:8081`. Absent
   * where somebody else issues the tokens.
   */
  readonly identityDomain?: string
  /** Base URL of the destination service, without trailing slash and path. */
  readonly destinationUri: string
  /** Base URL of the connectivity service, without trailing slash and path. */
  readonly connectivityUri: string
  readonly proxy: {
    readonly host: string
    readonly httpPort: number
    readonly socks5Port: number
    /** RFC and LDAP share one listener (guide L33853). */
    readonly rfcLdapPort: number
  }
  /** Public key of the token service, PEM (`BEGIN PUBLIC KEY`). Absent where somebody else issues the tokens. */
  readonly verificationKey?: string
  /** Clients at somebody else's issuer, which then stand in bindings instead of their own. */
  readonly clientOf?: (bound: BoundService) => IssuedClient | undefined
}

type TokenServiceAddress = Pick<PlatformEndpoints, 'uaaDomain' | 'tokenServiceUrl'>

/** The tenant's token service: `https://<subdomain>.<uaadomain>`, or what replaces it. Clients append their paths. */
export function tokenServiceUrl(subdomain: string, { uaaDomain, tokenServiceUrl }: TokenServiceAddress): string {
  return tokenServiceUrl ?? `https://${subdomain}.${uaaDomain}`
}

/**
 * Base URL for token requests with a client certificate. SAP's libraries turn `authentication.` into
 * `authentication.cert.`; where the domain has no such label, one host serves both (real-clients 1.1 rule 4).
 */
export function certificateUrl(subdomain: string, { uaaDomain, ...rest }: TokenServiceAddress): string {
  const certificateDomain = uaaDomain.replace(/^authentication\./, 'authentication.cert.')
  return tokenServiceUrl(subdomain, { ...rest, uaaDomain: certificateDomain })
}
