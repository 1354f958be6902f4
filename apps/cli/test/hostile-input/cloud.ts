import { LocalCa } from '@landbridge/identity'
import { closeAll, ManualClock, Secret } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import type { RunningCloud } from '../../src/compose/cloud.ts'
import { startCloudAlone } from '../cloud-alone.ts'
import { type HostileAnswer, openStored, type Route, type Target, watchfulLog, withRoutes } from './attack/index.ts'

export const operatorSecret = 'operator-secret-of-this-test'
export const brokerPassword = 'broker-password-of-this-test'
export const user = { name: 'ann@tenant.test', password: 'password-of-this-test' }
/** An attempt uses these up, successful or not: the next number, and what is good for one use. */
const spent = ['registry_sequence', 'identity_single_use']
const authority = await LocalCa.create({ subject: { CN: 'Platform CA' } })

/** A subaccount with a user, and with an instance and a binding of each service. */
export interface HostileTenant {
  readonly subaccountId: string
  readonly userId: string
  readonly bound: Readonly<Record<'xsuaa' | 'destination' | 'connectivity' | 'connectivity_proxy', BoundService>>
}

/** The whole cloud side with a tenant in it, and what is the same for attacks on each of its services. */
export interface HostileCloud {
  readonly cloud: RunningCloud
  readonly clock: ManualClock
  readonly ca: string
  readonly tenant: HostileTenant
  /** Another one, that may be removed. */
  readonly victim: HostileTenant
  /** A token of the token service for the binding of a service. */
  token(service: 'destination' | 'connectivity_proxy'): Promise<string>
  /** The target of attacks without what differs between services. */
  readonly common: Pick<Target, 'ca' | 'secrets' | 'state' | 'unexplained' | 'known'>
  /** Tables in which a row names this ID. */
  rowsOf(id: string): Promise<readonly string[]>
  /** Routes of the server that has a route below this path. */
  routesOf(path: string): readonly Route[]
  close(): Promise<void>
}

/** @param databaseUrl PostgreSQL; a file in a folder of its own when it is one in memory */
export async function startHostileCloud(databaseUrl: string): Promise<HostileCloud> {
  const folder = temporaryFolder()
  const storeUrl = databaseUrl.startsWith('sqlite:') ? `sqlite:${folder.path}/cloud.db` : databaseUrl
  const { log, unexplained } = watchfulLog()
  // It stands still, so that nothing is written but by requests.
  const clock = new ManualClock(Date.now())
  const { started: cloud, servers } = await withRoutes(() =>
    startCloudAlone({
      storeUrl,
      authority,
      operatorSecret: new Secret(operatorSecret),
      brokerPassword: new Secret(brokerPassword),
      clock,
      log,
    }),
  )
  const stored = await openStored(storeUrl, spent)
  const tenant = await newTenant(cloud, 'tenant')
  const victim = await newTenant(cloud, 'victim')
  const { subaccountId, bound } = tenant
  const secrets = Object.values(bound).flatMap(({ binding }) => binding.clientSecret?.reveal() ?? [])
  const ca = authority.certificatePem
  return {
    cloud,
    clock,
    ca,
    tenant,
    victim,
    async token(service) {
      const { clientId: client_id, clientSecret } = bound[service].binding
      const client_secret = clientSecret?.reveal() ?? ''
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret })
      const answer = await callJson({ method: 'POST', url: `${cloud.tokenService?.url}/oauth/token`, ca, body })
      return answer.json.access_token
    },
    common: {
      ca,
      secrets: [...secrets, operatorSecret, brokerPassword, user.password],
      state: () => stored.readAll(),
      unexplained,
      known: ['tenant', 'key', 'connectivity', 'destination', 'lite', subaccountId, bound.destination.instance.id],
    },
    rowsOf: (id) => stored.tablesWith(id),
    routesOf: (path) => servers.find((routes) => routes.some(({ url }) => url.startsWith(path))) ?? [],
    async close() {
      await closeAll([cloud, stored])
      folder[Symbol.dispose]()
    },
  }
}

async function newTenant(cloud: RunningCloud, subdomain: string): Promise<HostileTenant> {
  const { registry, users } = cloud.connectivityService
  const { id: subaccountId } = await registry.createSubaccount({ subdomain })
  const { id: userId } = await users.createUser({
    subaccountId,
    userName: user.name,
    password: user.password,
    roleCollections: ['Cloud Connector Administrator'],
  })
  const bind = async (service: keyof HostileTenant['bound'], parameters?: Record<string, unknown>) => {
    const instance = await registry.createInstance({ subaccountId, service, name: service, parameters })
    return registry.createBinding({ instanceId: instance.id, name: 'key' })
  }
  const redirects = { 'oauth2-configuration': { 'redirect-uris': ['https://app.test/**'] } }
  return {
    subaccountId,
    userId,
    bound: {
      xsuaa: await bind('xsuaa', { xsappname: `app-${subdomain}`, ...redirects }),
      destination: await bind('destination'),
      connectivity: await bind('connectivity'),
      connectivity_proxy: await bind('connectivity_proxy'),
    },
  }
}

/** Parses the body of a refusal. @returns undefined when it is not JSON */
export function jsonOf({ headers, text }: HostileAnswer): Record<string, unknown> | undefined {
  if (!/^application\/(?:problem\+)?json/.test(headers['content-type'] ?? '')) return undefined
  const body: unknown = JSON.parse(text)
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
}
