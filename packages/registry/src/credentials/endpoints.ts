/** Addresses of the running platform that credentials carry. Everything a client needs and nothing it must guess. */
export interface PlatformEndpoints {
  /** Bare host of the token service, with port if it is not 443: `localhost:8081`. */
  readonly uaaDomain: string
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
  /** Public key of the token service, PEM (`BEGIN PUBLIC KEY`). */
  readonly verificationKey: string
}

/** `https://<subdomain>.<uaadomain>`: the tenant's token service. It has no path, so clients can append theirs. */
export function tokenServiceUrl(subdomain: string, uaaDomain: string): string {
  return `https://${subdomain}.${uaaDomain}`
}

/**
 * Base URL for token requests with a client certificate. SAP's libraries turn `authentication.` into
 * `authentication.cert.`; where the domain has no such label, one host serves both (real-clients 1.1 rule 4).
 */
export function certificateUrl(subdomain: string, uaaDomain: string): string {
  return tokenServiceUrl(subdomain, uaaDomain.replace(/^authentication\./, 'authentication.cert.'))
}
