import { setImmediate } from 'node:timers/promises'
import {
  type Adoption,
  type AuditEntry,
  type AuditEvent,
  type Change,
  type ConfigurationStore,
  type ConnectorConfiguration,
  type ConnectorSettings,
  isAudited,
  sameReplica,
} from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import { toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { type AuditTip, appendAudit, findBrokenLink, readAudit, readAuditAfter, readTip } from './audit-trail.ts'
import { loadConfiguration } from './load-configuration.ts'
import { saveDifference } from './save-difference.ts'
import type { ConnectorTables } from './tables.ts'

/**
 * The configuration of one connector. The database is read once; from then on the last committed version is kept in
 * memory, so that reads are consistent and cost nothing. One process owns the database.
 */
export class ConnectorStore implements ConfigurationStore {
  readonly #store: Store<ConnectorTables>
  readonly #listeners: Set<(current: ConnectorConfiguration) => void>
  readonly #auditListeners: Set<() => void>
  #current: ConnectorConfiguration
  #tip: AuditTip
  #position: number
  /** The last change in the queue; settled, never rejected. */
  #last: Promise<unknown>

  private constructor(store: Store<ConnectorTables>, current: ConnectorConfiguration, tip: AuditTip, position: number) {
    this.#store = store
    this.#listeners = new Set()
    this.#auditListeners = new Set()
    this.#current = current
    this.#tip = tip
    this.#position = position
    this.#last = Promise.resolve()
  }

  /** Whether nobody has opened this database yet. */
  static async isNew(store: Store<ConnectorTables>): Promise<boolean> {
    return (await readTip(store.db)).sequence === 0
  }

  /** @param initial settings of a fresh installation; stored ones win. */
  static async open(store: Store<ConnectorTables>, initial: ConnectorSettings): Promise<ConnectorStore> {
    const current = await loadConfiguration(store.db, store.sealer, initial)
    const tip = await readTip(store.db)
    const opened = new ConnectorStore(store, current, tip, await lastPosition(store))
    // A new installation keeps its identity from the first moment on.
    if (tip.sequence === 0)
      await opened.change('system', (fresh) => ({
        next: { ...fresh, settings: { ...fresh.settings } },
        audit: { category: 'Configuration', action: 'create', object: 'connector' },
        result: undefined,
      }))
    return opened
  }

  get current(): ConnectorConfiguration {
    return this.#current
  }

  change<T>(actor: string, decide: (current: ConnectorConfiguration) => Change<T>): Promise<T> {
    return this.#enqueue(async () => {
      const change = decide(this.#current)
      // Here and not only at the gate: the role may have changed since a request passed it.
      if (isShadow(this.#current) && isShadow(change.next) && !sameReplica(this.#current, change.next))
        throw new PlatformError('CONNECTOR_IS_SHADOW')
      await this.#commit(actor, change.next, [change.audit].flat())
      return change.result
    })
  }

  adopt(actor: string, decide: (current: ConnectorConfiguration) => Adoption): Promise<void> {
    return this.#enqueue(() => {
      const { next, audit } = decide(this.#current)
      return this.#commit(actor, next, audit === undefined ? [] : [audit])
    })
  }

  onChange(listener: (current: ConnectorConfiguration) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The newest audit entries below a sequence number, oldest first; of some subaccounts ('' is none), or of all. */
  audit(limit: number, before?: number, subaccounts?: readonly string[]): Promise<readonly AuditEntry[]> {
    return readAudit(this.#store.db, limit, before, subaccounts)
  }

  /** The oldest audit entries above a sequence number, oldest first. */
  auditAfter(after: number, limit: number): Promise<readonly AuditEntry[]> {
    return readAuditAfter(this.#store.db, after, limit)
  }

  /** Called after entries were committed to the audit trail. Returns the function that ends it. */
  onAudit(listener: () => void): () => void {
    this.#auditListeners.add(listener)
    return () => this.#auditListeners.delete(listener)
  }

  /** The first audit entry that no longer fits the chain; undefined when the trail is whole. */
  verifyAudit(): Promise<number | undefined> {
    return findBrokenLink(this.#store.db)
  }

  /** Appends entries that tell of no change, in one transaction and in the queue of the changes. */
  record(actor: string, events: readonly AuditEvent[]): Promise<void> {
    return this.#enqueue(async () => {
      const { db, clock } = this.#store
      try {
        this.#tip = await db.transaction().execute(async (transaction) => {
          let tip = this.#tip
          for (const event of events) tip = await appendAudit(transaction, tip, clock.now(), actor, event)
          return tip
        })
      } catch (failure) {
        throw toStoreError(failure)
      }
      for (const listener of this.#auditListeners) listener()
    })
  }

  #enqueue<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#last.then(run)
    this.#last = running.catch(() => {})
    return running
  }

  async #commit(actor: string, next: ConnectorConfiguration, events: readonly AuditEvent[]): Promise<void> {
    const before = this.#tip
    let position = this.#position
    const positions = { next: () => ++position }
    const { db, sealer, clock } = this.#store
    try {
      this.#tip = await db.transaction().execute(async (transaction) => {
        await saveDifference(transaction, this.#current, next, sealer, positions)
        let tip = this.#tip
        for (const [index, event] of events.entries()) {
          // By the levels before and after: a change that brings silence, such as a restore, is told as well.
          if (isAudited(this.#current, event) || isAudited(next, event))
            tip = await appendAudit(transaction, tip, clock.now(), actor, event)
          // Requests go on while a large import is written.
          if (index % 200 === 199) await setImmediate()
        }
        return tip
      })
    } catch (failure) {
      throw toStoreError(failure)
    }
    this.#position = position
    this.#current = next
    for (const listener of this.#listeners) listener(next)
    if (this.#tip !== before) for (const listener of this.#auditListeners) listener()
  }
}

function isShadow({ settings }: ConnectorConfiguration): boolean {
  return settings.haRole === 'shadow'
}

async function lastPosition({ db }: Store<ConnectorTables>): Promise<number> {
  let last = 0
  for (const table of [
    'connector_subaccount',
    'connector_mapping',
    'connector_resource',
    'connector_domain_mapping',
    'connector_identity_provider',
    'connector_trusted_certificate',
  ] as const) {
    const row = await db
      .selectFrom(table)
      .select((select) => select.fn.max('position').as('position'))
      .executeTakeFirst()
    last = Math.max(last, Number(row?.position ?? 0))
  }
  return last
}
