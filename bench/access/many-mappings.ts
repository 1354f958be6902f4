import type { SystemMapping } from '@landbridge/access'

/** A landscape as a large company has: several systems on a host, some resources below others, some switched off. */
export function manyMappings(count: number, resourcesEach: number): SystemMapping[] {
  return Array.from({ length: count }, (_, index) => ({
    virtualHost: `system-${index >> 1}.plant.virtual`,
    virtualPort: index % 2 === 0 ? '443' : '8443',
    internalHost: `host-${index >> 1}.plant.corp`,
    internalPort: '44300',
    protocol: 'HTTPS',
    backendType: 'abapSys',
    authenticationMode: 'X509_RESTRICTED',
    hostInHeader: 'virtual',
    description: `Client ${index} of the plant`,
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: index,
    resources: Array.from({ length: resourcesEach }, (_none, at) => ({
      id: resourceId(at),
      enabled: at % 10 !== 9,
      exactMatchOnly: at % 3 === 0,
      websocketUpgradeAllowed: at % 5 === 0,
      createdAtMs: index,
    })),
  }))
}

/** Paths that occur: an entry itself, something below one, one that is switched off, and one that is nowhere. */
export function pathsOf(resourcesEach: number): readonly string[] {
  const ids = Array.from({ length: resourcesEach }, (_, at) => resourceId(at))
  return [...ids, ...ids.map((id) => `${id}/Orders('4711')/Items?$top=10`), '/sap/bc/adt/core/discovery', '/']
}

function resourceId(at: number): string {
  return `/sap/opu/odata/sap/API_SERVICE_${String(at).padStart(4, '0')}`
}
