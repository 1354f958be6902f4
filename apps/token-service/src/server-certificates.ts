import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { IssuedCertificate, LocalCa, TenantDirectory } from '@landbridge/identity'
import type { Clock, Log } from '@landbridge/kernel'
import { UaaDomain } from './uaa-domain.ts'

const days = 30
/** Certificates are renewed at half their life. */
export const renewAfterMs = (days / 2) * 86_400_000
const maximumNames = 1_000
/** Labels that bindings name and client libraries call. */
const servedBesideTenants: ReadonlySet<string> = new Set(['internal-xsuaa', 'api'])

interface Entry {
  readonly issued: Promise<SecureContext>
  readonly issuedAtMs: number
  /** PEM; empty until it is issued. */
  certificate: string
}

/** Server certificates by the name that a client asks for (SNI), issued on first sight and renewed at half their life. */
export class ServerCertificates {
  readonly #ca: LocalCa
  readonly #domain: UaaDomain
  readonly #identityDomain: UaaDomain | undefined
  readonly #clock: Clock
  readonly #log: Log
  readonly #entries: Map<string, Entry>
  /** PEM of the one for clients that name no host. */
  #default: string

  /** The domains are with or without port. */
  constructor(options: { ca: LocalCa; uaaDomain: string; identityDomain?: string; clock: Clock; log: Log }) {
    this.#ca = options.ca
    this.#domain = new UaaDomain(options.uaaDomain)
    this.#identityDomain = options.identityDomain === undefined ? undefined : new UaaDomain(options.identityDomain)
    this.#clock = options.clock
    this.#log = options.log
    this.#entries = new Map()
    this.#default = ''
  }

  /**
   * The certificates that are shown now, those of tenants by their host names. Who connects can ask for any name: those of
   * tenants that do not exist are left out, so that no stranger fills the inventory and its metrics.
   */
  async list(
    tenants: Pick<TenantDirectory, 'tenantBySubdomain'>,
  ): Promise<readonly { readonly name: string; readonly certificate: string }[]> {
    // One that nobody asked for lately is made anew for whoever asks next: it is not shown any more.
    const fresh = [...this.#entries].filter(([, entry]) => entry.certificate !== '' && this.#isFresh(entry))
    const listed = await Promise.all(
      fresh.map(async ([name, { certificate }]) =>
        (await this.#isMeant(name, tenants)) ? [{ name, certificate }] : [],
      ),
    )
    return [...(this.#default === '' ? [] : [{ name: 'token service', certificate: this.#default }]), ...listed.flat()]
  }

  /** For clients that name no host: the domain, this machine and the address that is listened on. */
  async default(listenHost: string): Promise<IssuedCertificate> {
    const dnsNames = new Set([...this.#domain.hostNames, 'localhost'])
    const ipAddresses = new Set(['127.0.0.1', '::1'])
    if (isIP(listenHost) !== 0) ipAddresses.add(listenHost)
    else dnsNames.add(listenHost.toLowerCase())
    const issued = await this.#ca.issueServer({ dnsNames: [...dnsNames], ipAddresses: [...ipAddresses], days })
    this.#default = issued.cert
    return issued
  }

  /** Node's `SNICallback`. A name that is none of ours gets the default certificate. */
  readonly select = (serverName: string, done: (failure: Error | null, context?: SecureContext) => void): void => {
    const name = serverName.toLowerCase()
    if (!this.#domain.covers(name) && this.#identityDomain?.subdomainOf(name) === undefined) {
      done(null)
      return
    }
    this.#contextFor(name).then(
      (context) => done(null, context),
      (failure: Error) => {
        this.#log.error('token-service.certificate.failed', { name }, failure)
        done(failure)
      },
    )
  }

  #contextFor(name: string): Promise<SecureContext> {
    const known = this.#entries.get(name)
    if (known !== undefined && this.#isFresh(known)) return known.issued
    const entry: Entry = {
      issued: this.#ca.issueServer({ dnsNames: [name], days }).then((issued) => {
        entry.certificate = issued.cert
        return createSecureContext({ ...issued, ca: this.#ca.certificatePem, minVersion: 'TLSv1.2' })
      }),
      issuedAtMs: this.#clock.now(),
      certificate: '',
    }
    this.#entries.delete(name)
    if (this.#entries.size >= maximumNames)
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    this.#entries.set(name, entry)
    entry.issued.catch(() => this.#entries.delete(name)) // reported by `select`
    return entry.issued
  }

  async #isMeant(name: string, tenants: Pick<TenantDirectory, 'tenantBySubdomain'>): Promise<boolean> {
    const subdomain = this.#identityDomain?.subdomainOf(name) ?? this.#domain.subdomainOf(name)
    if (subdomain === undefined || servedBesideTenants.has(subdomain)) return true
    return (await tenants.tenantBySubdomain(subdomain)) !== undefined
  }

  #isFresh({ issuedAtMs }: Entry): boolean {
    return this.#clock.now() - issuedAtMs < renewAfterMs
  }
}
