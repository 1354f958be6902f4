/**
 * How a service is exposed. TCP and RFC are those of the original's custom resource (guide L32664) and are reached by
 * channels to a cluster; the others are the keys under which the remaining types of channels ask.
 */
export const serviceMappingTypes = ['TCP', 'RFC', 'HANA', 'VirtualMachine', 'ABAPCloud', 'ABAPCloudSNC'] as const
export type ServiceMappingType = (typeof serviceMappingTypes)[number]

/** A service on the cloud side that connectors of one subaccount may reach (guide L32646). */
export interface ServiceMapping {
  readonly name: string
  readonly type: ServiceMappingType
  readonly subaccountId: string
  /** What the channel asks for. */
  readonly serviceId: string
  /** ID of the tenant in the operator's own model; only shown. */
  readonly tenantId: string
  /** What is dialled. */
  readonly host: string
  readonly port: number
  /** Allowed locations; '' is the default location. */
  readonly locationIds: readonly string[]
}

/** A mapping as an operator writes it. */
export interface GivenServiceMapping {
  readonly name: string
  readonly type: string
  readonly subaccountId?: string
  readonly serviceId: string
  readonly tenantId?: string
  /** `host:port`; an IPv6 address in brackets. */
  readonly internalAddress: string
  readonly locationIds?: readonly string[]
}

/**
 * Checks mappings one by one and against each other; of two with the same type, subaccount and service the earlier one
 * counts (guide L32699).
 * @param ownSubaccountId subaccount of a dedicated proxy: the default, and the only one allowed. Empty: shared.
 * @returns what can be used, and one line for each that cannot.
 */
export function readServiceMappings(
  given: readonly GivenServiceMapping[],
  ownSubaccountId: string,
): { readonly mappings: readonly ServiceMapping[]; readonly problems: readonly string[] } {
  const mappings = new Map<string, ServiceMapping>()
  const problems: string[] = []
  for (const one of given) {
    const read = readOne(one, ownSubaccountId.toLowerCase())
    if (typeof read === 'string') {
      problems.push(`service mapping "${one.name}": ${read}`)
      continue
    }
    const key = mappingKey(read.type, read.subaccountId, read.serviceId)
    const earlier = mappings.get(key)
    if (earlier === undefined) mappings.set(key, read)
    else
      problems.push(
        `service mapping "${one.name}": expected another serviceId than that of "${earlier.name}" with the same type and subaccountId, found "${one.serviceId}"`,
      )
  }
  return { mappings: [...mappings.values()], problems }
}

/** Names of hosts know no case; names of databases do (guide L27395). */
export function mappingKey(type: ServiceMappingType, subaccountId: string, serviceId: string): string {
  const service = type === 'HANA' ? serviceId : serviceId.toLowerCase()
  return `${type}\n${subaccountId.toLowerCase()}\n${service}`
}

function readOne(given: GivenServiceMapping, own: string): ServiceMapping | string {
  const type = serviceMappingTypes.find((candidate) => candidate === given.type)
  if (type === undefined) return `type: expected one of ${serviceMappingTypes.join(', ')}, found "${given.type}"`
  const subaccountId = (given.subaccountId ?? own).trim().toLowerCase()
  if (subaccountId === '')
    return 'subaccountId: expected the ID of a subaccount because tenantMode is "shared", found nothing'
  if (own !== '' && subaccountId !== own)
    return `subaccountId: expected "${own}", the subaccount of this dedicated proxy, found "${subaccountId}"`
  if (given.serviceId === '' || given.serviceId.length > 500)
    return 'serviceId: expected the name by which channels ask for the service, 1 to 500 characters'
  const address = readAddress(given.internalAddress)
  if (address === null) return `internalAddress: expected host:port, found "${given.internalAddress.slice(0, 300)}"`
  return {
    name: given.name,
    type,
    subaccountId,
    serviceId: given.serviceId,
    tenantId: given.tenantId ?? '',
    ...address,
    locationIds: given.locationIds ?? [''],
  }
}

function readAddress(text: string): { host: string; port: number } | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port }
}
