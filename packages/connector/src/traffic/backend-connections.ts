import { mappingKey } from '../configuration/model.ts'
import type { SubaccountContext } from '../subaccount-context.ts'
import { internalBackendOf } from './system-traffic.ts'

/** Connections to the systems behind one virtual host and port. */
export interface BackendConnections {
  readonly virtualBackend: string
  readonly internalBackend: string
  readonly protocol: string
  readonly active: number
  readonly idle: number
  /** How long each waiting connection has waited, in milliseconds, shortest first; to half a second. */
  readonly idleMs: readonly number[]
}

interface Counting {
  readonly virtualBackend: string
  readonly internalBackend: string
  readonly protocol: string
  active: number
  readonly idleMs: number[]
}

/** Counts the connections that are open at this moment. */
export function backendConnections({ backends, traffic }: SubaccountContext): readonly BackendConnections[] {
  const found = new Map<string, Counting>()
  for (const { system, user, activeAtMs } of backends.connections()) {
    const { virtualHost, virtualPort, protocol } = system
    const key = mappingKey(virtualHost, virtualPort)
    const virtualBackend = `${virtualHost}:${virtualPort}`
    const counting: Counting = found.get(key) ?? {
      virtualBackend,
      internalBackend: internalBackendOf(system),
      protocol,
      active: 0,
      idleMs: [],
    }
    found.set(key, counting)
    if (user === null) counting.idleMs.push(Math.max(0, backends.nowMs - activeAtMs))
    else counting.active += 1
  }
  for (const [key, { openConnections, virtualBackend, internalBackend, protocol }] of traffic?.systems ?? []) {
    if (openConnections === 0) continue
    const counting: Counting = found.get(key) ?? { virtualBackend, internalBackend, protocol, active: 0, idleMs: [] }
    found.set(key, counting)
    counting.active += openConnections
  }
  return Array.from(found.values(), ({ idleMs, ...rest }) => ({
    ...rest,
    idle: idleMs.length,
    idleMs: idleMs.sort((a, b) => a - b),
  }))
}
