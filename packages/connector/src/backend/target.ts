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

  all(): Iterable<Target> {
    return this.#byKey.values()
  }

  #byName(system: System, identity: string): Target {
    const secure = isTls(system.protocol)
    const key = `${secure ? 'tls' : 'tcp'}|${system.internalHost}|${system.internalPort}|${identity}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const target: Target = { host: system.internalHost, port: system.internalPort, secure, identity, idle: [] }
    this.#byKey.set(key, target)
    return target
  }
}
