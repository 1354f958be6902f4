import {
  type DestinationStore,
  EndpointPolicy,
  instanceLevel,
  subaccountLevel,
  type TokenEndpoint,
  TokenSource,
} from '@landbridge/destinations'
import { createApi, listen } from '@landbridge/http-api'
import type { ClientDirectory, TenantDirectory, TokenVerifier } from '@landbridge/identity'
import { type Clock, type Log, PlatformError, type RunningApp } from '@landbridge/kernel'
import { type Administration, addAdministration } from './administration/administration.ts'
import { authenticate } from './caller.ts'
import type { DestinationServiceConfig } from './config.ts'
import { errorBody } from './error-body.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { destinationRoutes } from './routes/destinations.ts'
import { findRoute } from './routes/find.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

export interface DestinationServiceOptions {
  readonly config: DestinationServiceConfig
  readonly store: DestinationStore
  readonly verifier: TokenVerifier
  readonly tenants: TenantDirectory
  readonly clients: ClientDirectory
  /** Sends token requests; by default directly, within the policy of the configuration. */
  readonly tokenEndpoint?: TokenEndpoint
  /** Certificates that the default token endpoint trusts besides the machine's, in PEM form. */
  readonly ca?: string
  /** Opens the administration: import, export, duplicate and connection check. */
  readonly administration?: Administration
  readonly clock: Clock
  readonly log: Log
}

const longestUri = 4_000

/** Starts the destination service; it listens when the promise resolves. */
export async function startDestinationService(options: DestinationServiceOptions): Promise<RunningApp> {
  const { config, store, clock, log } = options
  const tokens = new TokenSource({
    endpoint: options.tokenEndpoint ?? defaultEndpoint(options),
    verifier: options.verifier,
    clock,
    log,
    cacheEntries: config.tokenCacheEntries,
  })
  const api = createApi({ log, errorBody, quiet: ['/health'] })
  api.decorateRequest('caller')
  await api.register(
    async (v1) => {
      v1.addHook('onRequest', async (request, reply) => {
        if (request.url.length > longestUri) throw new PlatformError('DESTINATION_URI_TOO_LONG')
        request.setDecorator('caller', await authenticate(options, request, reply))
      })
      findRoute(v1, store, tokens)
      destinationRoutes(v1, '/subaccountDestinations', store, (caller) => subaccountLevel(caller.scope))
      destinationRoutes(v1, '/instanceDestinations', store, (caller) => instanceLevel(caller.scope))
      certificateRoutes(v1, '/subaccountCertificates')
      certificateRoutes(v1, '/instanceCertificates')
    },
    { prefix: '/destination-configuration/v1' },
  )
  if (options.administration !== undefined) await addAdministration(api, options, options.administration)
  const port = await listen(api, config.host, config.port, 'destinationService.port')
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  return {
    name: 'destination-service',
    url: `http://${host}:${port}`,
    ready: () => true,
    close: () => api.close(),
  }
}

function defaultEndpoint({ config, clock, log, ca }: DestinationServiceOptions): TokenEndpoint {
  return createTokenEndpoint({
    policy: new EndpointPolicy({
      privateAddresses: config.privateTokenServices,
      allow: config.allowedTokenServices,
    }),
    clock,
    log,
    deadlineMs: config.tokenDeadlineMs,
    ...(ca === undefined ? {} : { ca }),
  })
}
