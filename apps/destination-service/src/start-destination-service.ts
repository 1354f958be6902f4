import type { ClientCertificates } from '@landbridge/certificates'
import {
  type AuthorityStore,
  CertificateAuthorities,
  CertificateRenewal,
  type DestinationStore,
  EndpointPolicy,
  type FragmentStore,
  type ManagedCertificateStore,
  type OnPremiseChannel,
  type SharedTokenStore,
  SubaccountTrust,
  type TokenEndpoint,
  TokenSource,
  TrustEnding,
  type TrustStore,
} from '@landbridge/destinations'
import { createApi, listen } from '@landbridge/http-api'
import type { ClientDirectory, ClientOf, LocalCa, TenantDirectory, TokenVerifier } from '@landbridge/identity'
import { type Clock, closeAll, type Log, PlatformError, type RunningApp } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { type Administration, addAdministration } from './administration/administration.ts'
import { registerApiDocs } from './api-docs.ts'
import { recordChanges } from './audit.ts'
import { authenticate } from './caller.ts'
import type { DestinationServiceConfig } from './config.ts'
import { errorBody } from './error-body.ts'
import { startMutualTls } from './mutual-tls.ts'
import { registerRateLimit } from './rate-limit.ts'
import { startRenewalTimer } from './renewal-timer.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { consumeRoute } from './routes/consume.ts'
import { destinationRoutes } from './routes/destinations.ts'
import { findRoute } from './routes/find.ts'
import { fragmentRoutes } from './routes/fragments.ts'
import { callerOf, type LevelOf, levelFamilies } from './routes/level-routes.ts'
import { maintenanceRoutes } from './routes/maintenance.ts'
import { trustRoutes } from './routes/trust.ts'
import { createTokenEndpoint } from './token-endpoint.ts'
import { createUserInfo } from './user-info.ts'
import { checkUserRoles, enforcedRoles, type RolesOf } from './user-roles.ts'

export interface DestinationServiceOptions {
  readonly config: DestinationServiceConfig
  readonly store: DestinationStore
  readonly fragments: FragmentStore
  readonly certificates: ManagedCertificateStore
  /** Keeps the authority that signs generated certificates. */
  readonly authorities: AuthorityStore
  readonly trustStore: TrustStore
  /** Where replicas leave tokens for each other; absent where there is one process. */
  readonly sharedTokens?: SharedTokenStore
  readonly verifier: TokenVerifier
  readonly tenants: TenantDirectory
  readonly clients: ClientDirectory
  /** The client that a token was issued to. Default: the one of `clients` with the client ID of the token. */
  readonly clientOf?: ClientOf
  /** The roles of users, where the configuration enforces them. Default: the names of their role collections. */
  readonly rolesOf?: RolesOf
  /** Sends token requests; by default directly, within the policy of the configuration. */
  readonly tokenEndpoint?: TokenEndpoint
  /** The way of the default token endpoint to token services behind a Cloud Connector. */
  readonly onPremise?: OnPremiseChannel
  /** User info of the token service whose tokens the verifier knows; without it there are no custom attributes. */
  readonly userInfoUrl?: string
  /** Certificates that the default token endpoint and user info trust besides the machine's, in PEM form. */
  readonly ca?: string
  /** Lets communication users call with their certificate instead of a token, on the https port. */
  readonly clientCertificates?: ClientCertificates
  /** Issues the server certificate of the https port. */
  readonly authority?: LocalCa
  /** Opens the administration: import, export, duplicate and connection check. */
  readonly administration?: Administration
  readonly clock: Clock
  readonly log: Log
}

export interface RunningDestinationService extends RunningApp {
  /** Where communication users call with their client certificate; absent without such a port. */
  readonly mutualTlsUrl?: string
  /** PEM of the certificate that is shown there now. */
  serverCertificate?(): string
}

/** Starts the destination service; it listens when the promise resolves. */
export async function startDestinationService(options: DestinationServiceOptions): Promise<RunningDestinationService> {
  const { config, clock, log } = options
  const trust = new SubaccountTrust({
    store: options.trustStore,
    clock,
    issuerPrefix: config.samlIssuerPrefix,
    keySize: config.trustKeySize,
  })
  const userInfo =
    options.userInfoUrl === undefined
      ? undefined
      : createUserInfo({ url: options.userInfoUrl, ...(options.ca === undefined ? {} : { ca: options.ca }) })
  const tokens = new TokenSource({
    endpoint: options.tokenEndpoint ?? defaultEndpoint(options),
    verifier: options.verifier,
    destinations: options.store,
    certificates: options.certificates,
    trust,
    ...(userInfo === undefined ? {} : { userInfo }),
    clock,
    log,
    cacheEntries: config.tokenCacheEntries,
    ...(options.sharedTokens === undefined || !config.shareTokens ? {} : { sharedTokens: options.sharedTokens }),
  })
  const authorities = new CertificateAuthorities(options.authorities, clock)
  const api = createApi({ log, errorBody, quiet: ['/health'] })
  api.decorateRequest('caller')
  await registerApiDocs(api)
  await api.register((root) => registerRoutes(root, options, { tokens, authorities, trust }), {
    prefix: '/destination-configuration',
  })
  if (options.administration !== undefined) await addAdministration(api, options, options.administration)
  const port = await listen(api, config.host, config.port, 'destinationService.port')
  const mutualTls = await startMutualTls(api, options).catch(async (failure: unknown) => {
    await api.close()
    throw failure
  })
  const renewal = new CertificateRenewal({ store: options.certificates, authorities, clock, log })
  const ending = new TrustEnding({ store: options.trustStore, clock, log })
  const timer = startRenewalTimer(renewal, ending, config.certificateRenewalPeriodMs, { clock, log })
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return {
    name: 'destination-service',
    url: `http://${host}:${port}`,
    ...(mutualTls === undefined ? {} : { mutualTlsUrl: mutualTls.url, serverCertificate: mutualTls.serverCertificate }),
    ready: () => true,
    close: () =>
      closeAll([
        ...(userInfo === undefined ? [] : [userInfo]),
        timer,
        api,
        ...(mutualTls === undefined ? [] : [mutualTls]),
      ]),
  }
}

interface Parts {
  readonly tokens: TokenSource
  readonly authorities: CertificateAuthorities
  readonly trust: SubaccountTrust
}

/** Everything below `/destination-configuration` asks for a token first. */
async function registerRoutes(
  root: FastifyInstance,
  options: DestinationServiceOptions,
  { tokens, authorities, trust }: Parts,
): Promise<void> {
  const { store, fragments, certificates, clock, log } = options
  const rolesOf = enforcedRoles(options)
  const { longestUri } = options.config
  recordChanges(root, log)
  // The schemas of the routes describe; the domain checks, because its refusals name property and reason.
  root.setValidatorCompiler(() => () => true)
  root.setSerializerCompiler(() => JSON.stringify)
  root.addHook('onRequest', async (request, reply) => {
    if (request.url.length > longestUri)
      throw new PlatformError('DESTINATION_URI_TOO_LONG', { reason: `it has more than ${longestUri} characters` })
    const caller = await authenticate(options, request, reply)
    request.setDecorator('caller', caller)
    if (rolesOf !== undefined) await checkUserRoles(rolesOf, caller, request)
  })
  await registerRateLimit(root, options.config.requestsPerMinute)
  maintenanceRoutes(root)
  await root.register(async (v2) => consumeRoute(v2, { store, fragments, tokens }), { prefix: '/v2' })
  await root.register(
    async (api) => {
      findRoute(api, { store, fragments, tokens })
      for (const { prefix, level } of levelFamilies) {
        const levelOf: LevelOf = (request) => level(callerOf(request))
        destinationRoutes(api, `${prefix}Destinations`, store, levelOf, clock)
        fragmentRoutes(api, `${prefix}DestinationFragments`, fragments, levelOf, clock)
        const certificateOptions = { store: certificates, destinations: store, authorities, clock, log }
        certificateRoutes(api, `${prefix}Certificates`, certificateOptions, levelOf)
      }
      await api.register(trustRoutes(trust, log))
    },
    { prefix: '/v1' },
  )
}

function defaultEndpoint({ config, clock, log, ca, onPremise }: DestinationServiceOptions): TokenEndpoint {
  return createTokenEndpoint({
    policy: new EndpointPolicy({
      privateAddresses: config.privateTokenServices,
      allow: config.allowedTokenServices,
    }),
    clock,
    log,
    deadlineMs: config.tokenDeadlineMs,
    ...(ca === undefined ? {} : { ca }),
    ...(onPremise === undefined ? {} : { onPremise }),
  })
}
