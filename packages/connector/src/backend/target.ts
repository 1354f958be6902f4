import type { System } from '@landbridge/access'
import { isTls } from '@landbridge/access'
import type { BackendConnection } from './backend-connection.ts'
import type { BackendIdentity, ClientCertificate } from './backend-identity.ts'
import type { ClientBinding } from './client-bindings.ts'

/** One internal address as one identity: connections to the same target may be reused by any request for it. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Whose TLS connection this is: '' for the connector itself, a propagated user otherwise. Never shared. */
  readonly identity: string
  /** What its connections log on with instead of the connector's certificate; null: that one. */
  readonly certificate: ClientCertificate | null
  /** The connection of a client that it is kept for; null: shared by all requests of the identity. */
  readonly client: ClientBinding | null
  /** Names it among those of the same client. */
  readonly key: string
  /** Connections that wait for the next request, the most recently used last. */
  readonly idle: BackendConnection[]
  /** Connections in use and waiting. */
  open: number
}

/** Finds the target of a system. The usual case (no propagated user) is one map lookup. */
export class TargetTable {
  readonly #bySystem: WeakMap<System, Target>
  readonly #byKey: Map<string, Target>
  /** The last target of an identity: most users need one system. */
  readonly #byIdentity: WeakMap<BackendIdentity, { readonly system: System; readonly target: Target }>

  constructor() {
    this.#bySystem = new WeakMap()
    this.#byIdentity = new WeakMap()
    this.#byKey = new Map()
  }

  find(system: System, identity: BackendIdentity | null): Target {
    if (identity !== null) return this.#ofUser(system, identity)
    const known = this.#bySystem.get(system)
    if (known !== undefined) return known
    const target = this.#byName(system, null)
    this.#bySystem.set(system, target)
    return target
  }

  /** Targets of users come and go: without connections they are forgotten. */
  forgetUnused(target: Target): void {
    if (target.identity === '' || target.open > 0) return
    if (this.#byKey.get(target.key) === target) this.#byKey.delete(target.key)
  }

  #ofUser(system: System, identity: BackendIdentity): Target {
    const last = this.#byIdentity.get(identity)
    // Without connections it may have been forgotten since.
    if (last !== undefined && last.system === system && last.target.open > 0) return last.target
    const target = this.#byName(system, identity)
    this.#byIdentity.set(identity, { system, target })
    return target
  }

  #byName(system: System, user: BackendIdentity | null): Target {
    const target = newTarget(system, user, null)
    const known = this.#byKey.get(target.key)
    if (known !== undefined) return known
    this.#byKey.set(target.key, target)
    return target
  }
}

/** A target without connections. @param application that alone uses it, where it belongs to a client. */
export function newTarget(
  system: System,
  user: BackendIdentity | null,
  client: ClientBinding | null,
  application = '',
): Target {
  const identity = user?.name ?? ''
  const secure = isTls(system.protocol)
  const { internalHost: host, internalPort: port } = system
  const key = `${secure ? 'tls' : 'tcp'}|${host}|${port}|${identity}|${application}`
  return { host, port, secure, identity, certificate: user?.certificate ?? null, client, key, idle: [], open: 0 }
}
