import {
  Denial,
  type HttpAllowed,
  type HttpDecision,
  type RfcAllowed,
  type RfcDecision,
  type TcpAllowed,
  type TcpDecision,
} from './decision.ts'
import { isByteStream, isHttp, isRfc, type SystemMapping } from './model.ts'
import { PathRules } from './path-rules.ts'
import { isSafePath } from './path-safety.ts'
import { type PortRange, parsePort } from './port.ts'
import { ResourceIndex } from './resource-index.ts'
import { type System, toSystem } from './system.ts'

/**
 * The access control of one subaccount, compiled. Immutable: a change compiles a new table and swaps the reference.
 * All host names are passed in lower case and without a port; ports as numbers.
 */
export interface AccessTable {
  /** Number of mappings. */
  readonly size: number
  findSystem(virtualHost: string, virtualPort: number): System | undefined
  /** Finds a mapping by its port as text: RFC service names such as `sapmsERP` have no number. */
  findSystemByName(virtualHost: string, virtualPort: string): System | undefined
  /** @param path as sent, with its query. Allocates nothing beyond the slice without the query. */
  decideHttp(virtualHost: string, virtualPort: number, path: string, isWebSocketUpgrade: boolean): HttpDecision
  /** For TCP and LDAP mappings, with or without TLS to the backend. */
  decideTcp(virtualHost: string, virtualPort: number): TcpDecision
  /**
   * For RFC mappings. A port of a secured gateway (48NN) also finds `sapgwNN` of protocol RFCS.
   * @param service name such as `sapgw42` or `sapmsERP`, '' where the client named a number.
   */
  decideRfc(virtualHost: string, virtualPort: number, service: string): RfcDecision
  /** The first mapping that leads to an internal address, to rewrite `Location` (guide L21074). */
  findByInternalAddress(internalHost: string, internalPort: number): System | undefined
  /** The first mapping that leads to an internal host, to rewrite cookie domains (guide L27733). */
  findByInternalHost(internalHost: string): System | undefined
}

interface Entry {
  readonly system: System
  readonly ports: PortRange
  readonly http: HttpAllowed
  /** Null where a range needs its own port per connection. */
  readonly tcp: TcpAllowed | null
  /** Null for protocols without function modules. */
  readonly rfc: RfcAllowed | null
  /** Null for protocols without paths. */
  readonly paths: PathRules | null
  readonly websockets: PathRules | null
}

interface HostEntries {
  readonly byPort: Map<number, Entry>
  readonly byName: Map<string, Entry>
  /** Sorted by `low`, free of overlaps. */
  readonly ranges: Entry[]
}

/**
 * Compiles mappings into a decision table. They are expected to be valid; where two overlap, the first one wins.
 * Cost grows with n log n in mappings plus resources; a decision costs O(log n).
 */
export function compileAccess(mappings: readonly SystemMapping[]): AccessTable {
  return new CompiledTable(mappings)
}

class CompiledTable implements AccessTable {
  readonly size: number
  readonly #hosts: ReadonlyMap<string, HostEntries>
  readonly #internal: ReadonlyMap<string, ReadonlyMap<number, System>>

  constructor(mappings: readonly SystemMapping[]) {
    const entries = mappings.map(toEntry)
    this.size = entries.length
    this.#hosts = groupByHost(entries)
    this.#internal = groupByInternalHost(entries)
  }

  findSystem(virtualHost: string, virtualPort: number): System | undefined {
    return this.#find(virtualHost, virtualPort)?.system
  }

  findSystemByName(virtualHost: string, virtualPort: string): System | undefined {
    return this.#hosts.get(virtualHost)?.byName.get(virtualPort)?.system
  }

  decideHttp(virtualHost: string, virtualPort: number, path: string, isWebSocketUpgrade: boolean): HttpDecision {
    const entry = this.#find(virtualHost, virtualPort)
    if (entry === undefined) return Denial.NO_SYSTEM
    if (entry.paths === null || entry.websockets === null) return Denial.WRONG_PROTOCOL
    const query = path.indexOf('?')
    const end = query < 0 ? path.length : query
    if (!isSafePath(path, end)) return Denial.BAD_PATH
    const bare = query < 0 ? path : path.slice(0, query)
    if (!entry.paths.admits(bare)) return Denial.NO_RESOURCE
    if (isWebSocketUpgrade && !entry.websockets.admits(bare)) return Denial.NO_WEBSOCKET
    return entry.http
  }

  decideTcp(virtualHost: string, virtualPort: number): TcpDecision {
    const entry = this.#find(virtualHost, virtualPort)
    if (entry === undefined) return Denial.NO_SYSTEM
    if (!isByteStream(entry.system.protocol)) return Denial.WRONG_PROTOCOL
    if (entry.tcp !== null) return entry.tcp
    const { system } = entry
    const internalPort = system.internalPort + virtualPort - entry.ports.low
    return { system, internalHost: system.internalHost, internalPort }
  }

  decideRfc(virtualHost: string, virtualPort: number, service: string): RfcDecision {
    const named = service === '' ? undefined : this.#hosts.get(virtualHost)?.byName.get(service)
    const port = virtualPort !== 0 ? virtualPort : (parsePort(service, 'RFC')?.low ?? 0)
    const entry = named ?? (port === 0 ? undefined : this.#find(virtualHost, port)) ?? this.#secured(virtualHost, port)
    if (entry === undefined) return Denial.NO_SYSTEM
    return entry.rfc ?? Denial.WRONG_PROTOCOL
  }

  findByInternalAddress(internalHost: string, internalPort: number): System | undefined {
    return this.#internal.get(internalHost)?.get(internalPort)
  }

  findByInternalHost(internalHost: string): System | undefined {
    return this.#internal.get(internalHost)?.values().next().value
  }

  #secured(virtualHost: string, port: number): Entry | undefined {
    const entry = port >= 4_800 && port < 4_900 ? this.#find(virtualHost, port - 1_500) : undefined
    return entry?.system.protocol === 'RFCS' ? entry : undefined
  }

  #find(virtualHost: string, virtualPort: number): Entry | undefined {
    const host = this.#hosts.get(virtualHost)
    if (host === undefined) return undefined
    const entry = host.byPort.get(virtualPort)
    return entry !== undefined || host.ranges.length === 0 ? entry : findRange(host.ranges, virtualPort)
  }
}

function findRange(ranges: readonly Entry[], port: number): Entry | undefined {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle]!.ports.low <= port) low = middle + 1
    else high = middle
  }
  const candidate = ranges[low - 1]
  return candidate !== undefined && port <= candidate.ports.high ? candidate : undefined
}

/** Entries by mapping: when one of many mappings changes, only that one is compiled again. */
const compiledEntries = new WeakMap<SystemMapping, Entry>()

function toEntry(mapping: SystemMapping): Entry {
  const known = compiledEntries.get(mapping)
  if (known !== undefined) return known
  const entry = compileEntry(mapping)
  compiledEntries.set(mapping, entry)
  return entry
}

function compileEntry(mapping: SystemMapping): Entry {
  const system = toSystem(mapping)
  const ports = parsePort(mapping.virtualPort, mapping.protocol) ?? { low: 0, high: 0 }
  const withPaths = isHttp(mapping.protocol)
  const { internalHost, internalPort } = system
  const resources = new ResourceIndex(mapping.resources)
  return {
    system,
    ports,
    http: { system, resources },
    tcp: ports.low === ports.high ? { system, internalHost, internalPort } : null,
    rfc: isRfc(mapping.protocol) ? { system, resources, functions: new PathRules(mapping.resources) } : null,
    paths: withPaths ? new PathRules(mapping.resources) : null,
    websockets: withPaths
      ? new PathRules(mapping.resources.filter((resource) => resource.websocketUpgradeAllowed))
      : null,
  }
}

function groupByHost(entries: readonly Entry[]): ReadonlyMap<string, HostEntries> {
  const hosts = new Map<string, HostEntries>()
  for (const entry of entries) {
    const host = entry.system.virtualHost.toLowerCase()
    const group: HostEntries = hosts.get(host) ?? { byPort: new Map(), byName: new Map(), ranges: [] }
    hosts.set(host, group)
    const { low, high } = entry.ports
    if (!group.byName.has(entry.system.virtualPort)) group.byName.set(entry.system.virtualPort, entry)
    if (low !== high) group.ranges.push(entry)
    else if (low !== 0 && !group.byPort.has(low)) group.byPort.set(low, entry)
  }
  for (const { ranges } of hosts.values()) ranges.sort((a, b) => a.ports.low - b.ports.low)
  return hosts
}

function groupByInternalHost(entries: readonly Entry[]): ReadonlyMap<string, ReadonlyMap<number, System>> {
  const hosts = new Map<string, Map<number, System>>()
  for (const { system, ports } of entries) {
    const host = system.internalHost.toLowerCase()
    const group = hosts.get(host) ?? new Map<number, System>()
    hosts.set(host, group)
    // A redirect may name any port of a range; the answer tells only which mapping it is, so the first port stands in.
    if (ports.low === ports.high && !group.has(system.internalPort)) group.set(system.internalPort, system)
  }
  return hosts
}
