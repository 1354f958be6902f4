import type { ErrorCode } from '@landbridge/kernel'
import { mappingKey, type ServiceMapping, type ServiceMappingType } from './service-mapping.ts'

/** Types of channels and the types of mappings that they lead to; one for a cluster does not say which protocol. The first one counts. */
const typesOfChannel: ReadonlyMap<string, readonly ServiceMappingType[]> = new Map([
  ['K8S', ['TCP', 'RFC']],
  ['HANA', ['HANA']],
  ['VirtualMachine', ['VirtualMachine']],
  ['ABAPCloud', ['ABAPCloud', 'RFC']],
  ['ABAPCloudSNC', ['ABAPCloudSNC', 'RFC']],
])

/** Who asks for what. All but `kind` and `service` was proven by the certificate of the connector. */
export interface ChannelKey {
  readonly subaccountId: string
  readonly locationId: string
  readonly kind: string
  readonly service: string
}

/** The services that connectors may reach through this proxy. The list can be replaced while channels are open. */
export class ServiceMappings {
  #byKey: ReadonlyMap<string, ServiceMapping>
  readonly #listeners: Set<() => void>

  constructor(mappings: readonly ServiceMapping[] = []) {
    this.#byKey = indexed(mappings)
    this.#listeners = new Set()
  }

  get size(): number {
    return this.#byKey.size
  }

  replace(mappings: readonly ServiceMapping[]): void {
    this.#byKey = indexed(mappings)
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** What channels of a type could reach from this place. */
  list({ subaccountId, locationId, kind }: Omit<ChannelKey, 'service'>): readonly ServiceMapping[] {
    const types = typesOfChannel.get(kind) ?? []
    return [...this.#byKey.values()].filter(
      (mapping) =>
        mapping.subaccountId === subaccountId &&
        types.includes(mapping.type) &&
        mapping.locationIds.includes(locationId),
    )
  }

  /** The mapping, or why there is none. Another subaccount's mapping is as unknown as one that does not exist. */
  find({ subaccountId, locationId, kind, service }: ChannelKey): ServiceMapping | ErrorCode {
    for (const type of typesOfChannel.get(kind) ?? []) {
      const mapping = this.#byKey.get(mappingKey(type, subaccountId, service))
      if (mapping !== undefined)
        return mapping.locationIds.includes(locationId) ? mapping : 'CHANNEL_LOCATION_NOT_ALLOWED'
    }
    return 'CHANNEL_NO_MAPPING'
  }
}

function indexed(mappings: readonly ServiceMapping[]): ReadonlyMap<string, ServiceMapping> {
  return new Map(mappings.map((one) => [mappingKey(one.type, one.subaccountId, one.serviceId), one]))
}
