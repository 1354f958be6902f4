import type { ServiceName } from '../services/service-plan.ts'
import type { PlatformEndpoints } from './endpoints.ts'
import { type BoundService, type Credentials, renderCredentials } from './render-credentials.ts'

/** One array element of `VCAP_SERVICES`. */
export interface VcapEntry {
  readonly label: string
  readonly provider: null
  readonly plan: string
  readonly name: string
  readonly tags: readonly string[]
  readonly instance_name: string
  readonly instance_guid: string
  readonly binding_name: string
  readonly binding_guid: string
  readonly credentials: Credentials
  readonly syslog_drain_url: null
  readonly volume_mounts: readonly never[]
}

/** Clients find a service by label or by tag, so both are there (real-clients 1.1 rule 6). */
const labels: Readonly<Record<ServiceName, { label: string; tags: readonly string[] }>> = {
  xsuaa: { label: 'xsuaa', tags: ['xsuaa'] },
  destination: { label: 'destination', tags: ['destination', 'conn', 'connsvc'] },
  connectivity: { label: 'connectivity', tags: ['connectivity', 'conn', 'connsvc'] },
  // A label of its own: an application that finds two services labelled `connectivity` takes the first.
  connectivity_proxy: { label: 'connectivity_proxy', tags: ['connectivity_proxy'] },
  // Frameworks for multi-tenant applications look for this label.
  provisioning: { label: 'saas-registry', tags: ['saas', 'SaaS'] },
  identity: { label: 'identity', tags: ['identity', 'IAS'] },
}

/** The `VCAP_SERVICES` object of an application with these bindings (guide L11894); names in it are distinct. */
export function renderVcapServices(
  bound: readonly BoundService[],
  endpoints: PlatformEndpoints,
): Record<string, VcapEntry[]> {
  const services: Record<string, VcapEntry[]> = {}
  const names = new Set<string>()
  for (const service of bound) {
    const entry = vcapEntry(service, distinctName(service, names), endpoints)
    const list = services[entry.label] ?? []
    list.push(entry)
    services[entry.label] = list
  }
  return services
}

/** One entry; also the source of the files of a mounted secret. */
export function vcapEntry(bound: BoundService, name: string, endpoints: PlatformEndpoints): VcapEntry {
  const { label, tags } = labels[bound.instance.service]
  return {
    label,
    provider: null,
    plan: bound.instance.plan,
    name,
    tags,
    instance_name: bound.instance.name,
    instance_guid: bound.instance.id,
    binding_name: bound.binding.name,
    binding_guid: bound.binding.id,
    credentials: renderCredentials(bound, endpoints),
    syslog_drain_url: null,
    volume_mounts: [],
  }
}

function distinctName({ instance, binding }: BoundService, taken: Set<string>): string {
  const candidates = [instance.name, `${instance.name}-${binding.name}`, `${instance.name}-${binding.id}`]
  const name = candidates.find((candidate) => !taken.has(candidate)) ?? binding.id
  taken.add(name)
  return name
}
