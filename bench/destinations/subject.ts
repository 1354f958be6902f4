import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@landbridge/kernel'
import { Registry } from '@landbridge/registry'
import { RegistryStore, SqlDestinationStore } from '@landbridge/store'
import { startNodeScript } from '../host/node-script.ts'
import type { Entry } from '../peers/peer.ts'
import type { DestinationSettings } from '../processes/settings.ts'
import { createToken } from '../subjects/token.ts'
import { openBenchStores } from './stores.ts'
import { startTokenServer } from './token-service.ts'

/** The destination service on one database, with a destination whose token is asked for. */
export interface DestinationSubject {
  readonly entry: Entry
  readonly pid: number
  /** Adds destinations until the subaccount has `count` of them. */
  fill(count: number): Promise<void>
  /** Tokens that were fetched so far. */
  tokensFetched(): number
  stop(): Promise<void>
}

export const findPath = '/destination-configuration/v1/destinations/measured'
export const listPath = '/destination-configuration/v1/subaccountDestinations'

/** Rows of one transaction while the store is filled. */
const batch = 1_000

/** Starts the service as a process on an empty database. The benchmark itself fills it, beside the service. */
export async function startDestinationSubject(databaseUrl: string, folder: string): Promise<DestinationSubject> {
  const sealingKey = randomBytes(32).toString('base64')
  const stores = await openBenchStores(databaseUrl, sealingKey)
  const registry = new Registry({ repository: new RegistryStore(stores.registry), clock: systemClock })
  const { id: subaccountId } = await registry.createSubaccount({ subdomain: 'benchmark' })
  const instance = await registry.createInstance({
    subaccountId,
    service: 'destination',
    plan: 'lite',
    name: 'measured',
  })
  const { binding } = await registry.createBinding({ instanceId: instance.id, name: 'key' })
  const { text, jwks, issuer } = await createToken(subaccountId, binding.clientId)
  const tokenServer = await startTokenServer()
  let filled = 0
  const fill = async (count: number): Promise<void> => {
    while (filled < count) {
      const end = Math.min(count, filled + batch)
      await stores.destinations.db.transaction().execute(async (db) => {
        const store = new SqlDestinationStore({ ...stores.destinations, db })
        for (; filled < end; filled += 1)
          await store.create(
            { kind: 'subaccount', subaccountId, instanceId: '' },
            destination(filled === 0 ? 'measured' : `system-${filled}`, tokenServer.url),
          )
      })
    }
  }
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'destination-service.json')
  writeFileSync(file, JSON.stringify({ databaseUrl, sealingKey, issuer, jwks } satisfies DestinationSettings), {
    mode: 0o600,
  })
  const service = await startNodeScript('destination-service.ts', [file])
  return {
    entry: {
      host: '127.0.0.1',
      port: Number(service.ready.port),
      targetPrefix: '',
      headers: { Authorization: `Bearer ${text}` },
    },
    pid: service.pid,
    fill,
    tokensFetched: tokenServer.granted,
    async stop() {
      await service.stop()
      await stores.close()
      tokenServer.close()
    },
  }
}

function destination(Name: string, tokenServiceURL: string): Record<string, string> {
  return {
    Name,
    Type: 'HTTP',
    URL: `https://${Name}.example.com/api`,
    ProxyType: 'Internet',
    Authentication: 'OAuth2ClientCredentials',
    Description: 'A destination of the size that administrators write',
    clientId: 'sb-application!b1234',
    clientSecret: 'only-for-the-benchmark',
    tokenServiceURL,
    tokenServiceURLType: 'Dedicated',
    'sap-client': '100',
  }
}
