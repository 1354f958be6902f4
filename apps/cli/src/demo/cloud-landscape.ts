import type { BoundService, Registry, Subaccount, UserAdministration } from '@landbridge/registry'
import type { DemoCredentials } from '../up/credentials.ts'

/** What the demo needs on the cloud side. */
export interface CloudLandscape {
  readonly subaccount: Subaccount
  /** Bindings of the demo application: xsuaa, destination, connectivity. */
  readonly application: readonly BoundService[]
  /** Credentials of the connectivity proxy itself. */
  readonly proxy: BoundService
}

const subdomain = 'demo'
/** Applications on this machine, whatever their port, may send users to the login page. */
const redirectUris = ['http://localhost:*/**', 'http://127.0.0.1:*/**']
const applicationInstances = [
  {
    service: 'xsuaa',
    plan: 'application',
    name: 'demo-uaa',
    parameters: { xsappname: 'demo', 'oauth2-configuration': { 'redirect-uris': redirectUris } },
  },
  { service: 'destination', plan: 'lite', name: 'demo-destination' },
  { service: 'connectivity', plan: 'lite', name: 'demo-connectivity' },
] as const
const proxyInstance = { service: 'connectivity_proxy', plan: 'connectivity_proxy', name: 'platform-proxy' } as const

/** Creates what is missing of the demo subaccount; what exists stays as it is, changes by the user included. */
export async function ensureCloudLandscape(
  registry: Registry,
  users: UserAdministration,
  credentials: DemoCredentials,
): Promise<CloudLandscape> {
  const known = (await registry.listSubaccounts()).find((candidate) => candidate.subdomain === subdomain)
  const subaccount = known ?? (await registry.createSubaccount({ subdomain, displayName: 'Demo' }))
  const application: BoundService[] = []
  for (const wanted of applicationInstances) application.push(await ensureBinding(registry, subaccount, wanted))
  const proxy = await ensureBinding(registry, subaccount, proxyInstance)
  await ensureUsers(users, subaccount, credentials)
  return { subaccount, application, proxy }
}

interface WantedInstance {
  readonly service: string
  readonly plan: string
  readonly name: string
  readonly parameters?: Readonly<Record<string, unknown>>
}

async function ensureBinding(
  registry: Registry,
  subaccount: Subaccount,
  wanted: WantedInstance,
): Promise<BoundService> {
  const instances = await registry.listInstances(subaccount.id)
  const instance =
    instances.find((candidate) => candidate.name === wanted.name) ??
    (await registry.createInstance({ subaccountId: subaccount.id, ...wanted }))
  const [binding] = await registry.listBindings(instance.id)
  return binding === undefined
    ? registry.createBinding({ instanceId: instance.id, name: `${wanted.name}-binding` })
    : { binding, instance, subaccount }
}

async function ensureUsers(
  users: UserAdministration,
  { id: subaccountId }: Subaccount,
  { administrator, user }: DemoCredentials,
): Promise<void> {
  const known = new Set((await users.listUsers(subaccountId)).map(({ userName }) => userName))
  const wanted = [
    { ...administrator, givenName: 'Ada', familyName: 'Admin', roleCollections: ['Subaccount Administrator'] },
    { ...user, givenName: 'Alice', familyName: 'Example', roleCollections: [] },
  ]
  for (const { name, ...details } of wanted)
    if (!known.has(name)) await users.createUser({ subaccountId, userName: name, ...details })
}
