import type { Resource, SystemMapping } from '@landbridge/access'

/** A resource that admits every path below `id`; nothing else is set. */
export function resource(id: string, changes: Partial<Resource> = {}): Resource {
  return { id, enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0, ...changes }
}

/** An HTTP mapping of `virtualHost:80` to a port of this machine that exposes everything, unless `changes` say otherwise. */
export function mapping(virtualHost: string, port: number, changes: Partial<SystemMapping> = {}): SystemMapping {
  return {
    virtualHost,
    virtualPort: '80',
    internalHost: '127.0.0.1',
    internalPort: String(port),
    protocol: 'HTTP',
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: [resource('/')],
    ...changes,
  }
}

/** A TCP mapping of `virtualHost:virtualPort` to a port of this machine. */
export function tcpMapping(
  virtualHost: string,
  virtualPort: number | string,
  port: number | string,
  changes: Partial<SystemMapping> = {},
): SystemMapping {
  return mapping(virtualHost, 0, {
    virtualPort: String(virtualPort),
    internalPort: String(port),
    protocol: 'TCP',
    resources: [],
    ...changes,
  })
}
