// The destination service as a process, with the directories of the platform in the same database. Argument: a file with
// DestinationSettings. Prints one line of JSON with its address.

import {
  type DestinationServiceConfig,
  destinationServiceConfigSchema,
  startDestinationService,
} from '@landbridge/destination-service'
import { staticKeySource, TokenVerifier } from '@landbridge/identity'
import { createLog, systemClock } from '@landbridge/kernel'
import {
  RegistryStore,
  SqlAuthorityStore,
  SqlCertificateStore,
  SqlDestinationStore,
  SqlFragmentStore,
  SqlTrustStore,
} from '@landbridge/store'
import { Value } from '@sinclair/typebox/value'
import { openBenchStores } from '../destinations/stores.ts'
import { type DestinationSettings, exitOnTerm, readSettings } from './settings.ts'

exitOnTerm()
const settings = readSettings<DestinationSettings>()
const clock = systemClock
const log = createLog((level, event, facts) => process.stderr.write(`${level} ${event} ${JSON.stringify(facts)}\n`))
const stores = await openBenchStores(settings.databaseUrl, settings.sealingKey)
const registry = new RegistryStore(stores.registry)
const service = await startDestinationService({
  config: Value.Default(destinationServiceConfigSchema, {
    port: 0,
    requestsPerMinute: 0,
    privateTokenServices: 'allow',
  }) as DestinationServiceConfig,
  store: new SqlDestinationStore(stores.destinations),
  fragments: new SqlFragmentStore(stores.destinations),
  certificates: new SqlCertificateStore(stores.destinations),
  authorities: new SqlAuthorityStore(stores.destinations),
  trustStore: new SqlTrustStore(stores.destinations),
  verifier: new TokenVerifier({
    keys: staticKeySource(settings.jwks),
    clock,
    acceptIssuer: (issuer) => issuer === settings.issuer,
  }),
  tenants: registry,
  clients: registry,
  clock,
  log,
})
process.stdout.write(`${JSON.stringify({ port: Number(new URL(service.url).port) })}\n`)
