const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The name under which an issuer is known, and the names of tenants below it. Clients that hold a certificate
 * turn `authentication.` into `authentication.cert.`; both forms mean the same here. Ports are not compared: a
 * forwarded port must not change the tenant.
 */
export class UaaDomain {
  /** With the port, as clients write it. */
  readonly name: string
  /** Without the port: the domain itself, then its form for certificates where that differs. */
  readonly hostNames: readonly string[]
  readonly #issuerPath: string

  /** @param issuerPath what follows the URL of a tenant in "iss" */
  constructor(name: string, issuerPath = '/oauth/token') {
    this.name = name.toLowerCase()
    this.#issuerPath = issuerPath
    const host = withoutPort(this.name)
    const certificateHost = host.replace('authentication.', 'authentication.cert.')
    this.hostNames = certificateHost === host ? [host] : [host, certificateHost]
  }

  urlOf(subdomain: string): string {
    return `https://${subdomain}.${this.name}`
  }

  issuerOf(subdomain: string): string {
    return `${this.urlOf(subdomain)}${this.#issuerPath}`
  }

  /** The tenant's name in a host, with or without port; undefined when the host names no tenant. */
  subdomainOf(host: string): string | undefined {
    const hostName = withoutPort(host.toLowerCase())
    for (const own of this.hostNames) {
      if (!hostName.endsWith(`.${own}`)) continue
      const subdomain = hostName.slice(0, -own.length - 1)
      if (label.test(subdomain)) return subdomain
    }
    return undefined
  }

  /** The tenant's name in an issuer of ours; undefined for any other text. */
  subdomainOfIssuer(issuer: string): string | undefined {
    const match = /^https:\/\/([^./:]+)\./.exec(issuer)
    const subdomain = match?.[1]
    return subdomain !== undefined && label.test(subdomain) && this.issuerOf(subdomain) === issuer
      ? subdomain
      : undefined
  }

  /** True for a name that a server certificate may be issued for. */
  covers(hostName: string): boolean {
    return this.hostNames.includes(hostName) || this.subdomainOf(hostName) !== undefined
  }
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}
