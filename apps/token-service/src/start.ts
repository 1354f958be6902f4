import { Server } from 'node:tls'
import type { ClientCertificates } from '@landbridge/certificates'
import { createApi, listen } from '@landbridge/http-api'
import {
  type ClientDirectory,
  type LocalCa,
  type OAuthClient,
  SigningKeyRing,
  type SigningKeyStore,
  type SingleUse,
  type Tenant,
  type TenantDirectory,
  type UserDirectory,
} from '@landbridge/identity'
import type { Clock, Log, RunningApp } from '@landbridge/kernel'
import type { TokenServiceConfig } from './config.ts'
import { buildIssuers, identityDomainOf } from './issuers.ts'
import { oauthErrorBody } from './oauth-error.ts'
import { addRoutes } from './routes.ts'
import { TrustedSamlIssuers } from './saml/trusted-saml-issuers.ts'
import { renewAfterMs, ServerCertificates } from './server-certificates.ts'
import type { Issuers, NewPasscode, TenantPermission } from './service.ts'
import { UaaDomain } from './uaa-domain.ts'

export interface TokenServiceOptions {
  readonly config: TokenServiceConfig
  readonly clients: ClientDirectory
  readonly tenants: TenantDirectory
  readonly users: UserDirectory
  readonly keys: SigningKeyStore
  /** Lets communication users get tokens with their client certificates. */
  readonly clientCertificates?: ClientCertificates
  /** Issues the server certificates. */
  readonly ca: LocalCa
  readonly clock: Clock
  readonly log: Log
  /** Shared by all replicas; one process may leave it out. */
  readonly singleUse?: SingleUse
  /** Whether a client may act in a tenant that is not its own. Default: it may not. */
  readonly mayActIn?: TenantPermission
  /** Makes the codes of the page `/passcode`. Default: there is no such page. */
  readonly newPasscode?: NewPasscode
}

export interface RunningTokenService extends RunningApp {
  /** `localhost:8081`: what bindings carry as `uaadomain`. */
  readonly uaaDomain: string
  /** `accounts.localhost:8081`: what bindings of the service `identity` carry in `domains`. */
  readonly identityDomain: string
  issuerOf(subdomain: string): string
  /** For `TokenVerifier.acceptIssuer`: true for the issuer of any tenant. */
  isOwnIssuer(issuer: string): boolean
  /** SPKI PEM of the key that signs now: the `verificationkey` of bindings. */
  verificationKey(): Promise<string>
  /**
   * A technical token for a client that belongs to the platform itself and has no binding. Secret.
   * @param scopes that applications grant to that client, besides those of every client
   */
  ownToken(client: OAuthClient, tenant: Tenant, scopes?: readonly string[]): Promise<string>
  /** The server certificates that are shown now; PEM. */
  serverCertificates(): Promise<readonly { readonly name: string; readonly certificate: string }[]>
  /** The key ring, as key source for verifiers in the same process. */
  readonly ring: SigningKeyRing
}

/** Starts the XSUAA-compatible token service on https. @throws PlatformError PORT_IN_USE, STORE_FAILED, CONFIG_INVALID */
export async function startTokenService(options: TokenServiceOptions): Promise<RunningTokenService> {
  const { config, ca, clock, log } = options
  const uaaHost = config.uaaDomain === '' ? 'localhost' : config.uaaDomain
  const certificates = new ServerCertificates({
    ca,
    uaaDomain: uaaHost,
    identityDomain: identityDomainOf(config, uaaHost),
    clock,
    log,
  })
  const samlIssuers = new TrustedSamlIssuers(config.samlIssuers, clock)
  const built = Promise.withResolvers<Issuers>()
  built.promise.catch(() => {}) // the failure is thrown below
  const ring = newRing(options)
  await ring.jwks() // makes the first key, and fails here rather than in a request when the store is broken
  // The names of these authorities tell browsers which certificates to offer; any certificate may be shown.
  const trust = { ca: ca.certificatePem, minVersion: 'TLSv1.2' as const }
  const api = createApi({
    log,
    bodyLimitBytes: 256 * 1024,
    https: {
      ...(await certificates.default(config.host)),
      ...trust,
      SNICallback: certificates.select,
      requestCert: true,
      rejectUnauthorized: false,
    },
    errorBody: (_problem, thrown) => ({ contentType: 'application/json; charset=utf-8', body: oauthErrorBody(thrown) }),
    quiet: ['/health'],
  })
  addRoutes(api, built.promise)
  const port = await listen(api, config.host, config.port, 'token-service.port')
  const domain = new UaaDomain(config.uaaDomain === '' ? localDomain(port) : config.uaaDomain)
  const stopRenewing = clock.every(renewAfterMs, () => {
    certificates.default(config.host).then(
      (renewed) => {
        // Always true: the https options above made it one.
        if (api.server instanceof Server) api.server.setSecureContext({ ...renewed, ...trust })
        log.info('token-service.certificate.renewed')
      },
      (failure) => log.error('token-service.certificate.failed', {}, failure),
    )
  })
  const identityDomain = new UaaDomain(identityDomainOf(config, domain.name), '')
  const issuers = buildIssuers(options, { domain, identityDomain, ring, samlIssuers })
  built.resolve(issuers)
  return {
    name: 'token-service',
    url: `https://${urlHost(config.host)}:${port}`,
    uaaDomain: domain.name,
    identityDomain: identityDomain.name,
    ring,
    serverCertificates: () => certificates.list(options.tenants),
    issuerOf: (subdomain) => domain.issuerOf(subdomain),
    isOwnIssuer: (issuer) => domain.subdomainOfIssuer(issuer) !== undefined,
    verificationKey: () => ring.verificationKey(),
    ownToken: async (client, tenant, scopes = []) =>
      (await issuers.uaa.issuer.forClient({ client, tenant }, [], scopes)).access_token,
    ready: () => true,
    async close() {
      stopRenewing()
      await api.close()
    },
  }
}

/** Without the port of https: some clients take what stands in `uaadomain` for a host name alone. */
function localDomain(port: number): string {
  return port === 443 ? 'localhost' : `localhost:${port}`
}

/** The address to reach a listener: wildcard addresses are reached on this machine. */
function urlHost(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function newRing({ config, keys, clock, log }: TokenServiceOptions): SigningKeyRing {
  return new SigningKeyRing({
    store: keys,
    clock,
    log,
    algorithm: config.signingAlgorithm,
    rotateAfterMs: config.keyRotationDays * 86_400_000,
    publishAheadMs: config.keyPublishAheadMinutes * 60_000,
    longestLifetimeMs: Math.max(config.accessTokenSeconds, config.refreshTokenSeconds, config.sessionSeconds) * 1000,
  })
}
