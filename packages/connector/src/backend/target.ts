import type { System } from '@landbridge/access'
import { isTls } from '@landbridge/access'
import type { BackendConnection } from './backend-connection.ts'

/** One internal address as one identity: connections to the same target may be reused by any request for it. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Whose TLS connection this is: '' for the connector itself, a propagated user otherwise. Never shared. */
  readonly identity: string
  /** Connections that wait for the next request, the most recently used last. */
  readonly idle: BackendConnection[]
  /** Connections in use and waiting. */
  open: number
}

/** Finds the target of a system. The usual case (no propagated user) is one map lookup. */
export class TargetTable {
  readonly #bySystem: WeakMap<System, Target>
  readonly #byKey: Map<string, Target>

  constructor() {
    this.#bySystem = new WeakMap()
    this.#byKey = new Map()
  }

  find(system: System, identity: string): Target {
    if (identity !== '') return this.#byName(system, identity)
    const known = this.#bySystem.get(system)
    if (known !== undefined) return known
    const target = this.#byName(system, '')
    this.#bySystem.set(system, target)
    return target
  }

  /** Targets of users come and go: without connections they are forgotten. */
  forgetUnused(target: Target): void {
    if (target.identity === '' || target.open > 0) return
    const key = keyOf(target)
    if (this.#byKey.get(key) === target) this.#byKey.delete(key)
  }

  #byName(system: System, identity: string): Target {
    const secure = isTls(system.protocol)
    const { internalHost: host, internalPort: port } = system
    const key = keyOf({ host, port, secure, identity })
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const target: Target = { host, port, secure, identity, idle: [], open: 0 }
    this.#byKey.set(key, target)
    return target
  }
}

/** Names a target. */
export function keyOf({ secure, host, port, identity }: Pick<Target, 'secure' | 'host' | 'port' | 'identity'>): string {
  return `${secure ? 'tls' : 'tcp'}|${host}|${port}|${identity}`
}
