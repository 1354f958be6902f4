import {
  accessOf,
  type ConfigurationStore,
  type ConnectorRuntime,
  mappingKey,
  type Subaccount,
  type SubaccountTraffic,
  type SubaccountUsage,
  subaccountKey,
  type UsageStore,
} from '@landbridge/connector'
import type { Clock, Log } from '@landbridge/kernel'

const saveMs = 60_000

export interface UsageKeeperOptions {
  readonly store: Pick<ConfigurationStore, 'current' | 'onChange'>
  readonly usage: UsageStore
  readonly runtime: Pick<ConnectorRuntime, 'traffic'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Carries the usage statistics over restarts (guide L29241): written every minute and at the end. What was counted in
 * the last minute before a crash is lost.
 */
export class UsageKeeper {
  readonly #options: UsageKeeperOptions
  /** Stored usage of subaccounts that do not run here yet. */
  readonly #waiting: Map<string, SubaccountUsage>
  readonly #stop: () => void
  readonly #stopLooking: () => void
  /** What was saved last, to write only what is new. */
  readonly #saved: Map<string, string>
  #last: Promise<void>

  private constructor(options: UsageKeeperOptions, stored: readonly SubaccountUsage[]) {
    this.#options = options
    this.#waiting = new Map(stored.map((usage) => [usage.subaccountKey, usage]))
    this.#saved = new Map(stored.map((usage) => [usage.subaccountKey, JSON.stringify(usage)]))
    this.#last = Promise.resolve()
    this.#stop = options.clock.every(saveMs, () => {
      this.look()
      void this.save()
    })
    this.#stopLooking = options.store.onChange(() => this.look())
  }

  static async open(options: UsageKeeperOptions): Promise<UsageKeeper> {
    return new UsageKeeper(options, await options.usage.loadUsage())
  }

  /** Gives running subaccounts what they were used for, and forgets what the configuration does not have any more. */
  look(): void {
    for (const [key, subaccount, traffic] of this.#running()) {
      const stored = this.#waiting.get(key)
      this.#waiting.delete(key)
      if (stored !== undefined) restore(traffic, subaccount, stored)
      const { mappings } = subaccount
      traffic.retain((name) => {
        const mapping = mappings.get(name)
        return mapping === undefined ? undefined : new Set(mapping.resources.map(({ id }) => id))
      })
    }
  }

  /** Everything starts over, as after a restore of the configuration (guide L29121). */
  forget(): void {
    this.#waiting.clear()
    for (const [, , traffic] of this.#running()) {
      traffic.clearPerformance()
      traffic.clearUsage()
    }
    void this.save()
  }

  /** Writes what changed. A failure is logged, because nobody waits for it. */
  save(): Promise<void> {
    this.#last = this.#last.then(() => this.#save())
    return this.#last
  }

  async close(): Promise<void> {
    this.#stop()
    this.#stopLooking()
    await this.save()
  }

  async #save(): Promise<void> {
    const { store, usage, log } = this.#options
    const { subaccounts } = store.current
    const changed = Array.from(this.#running(), ([key, , traffic]) => read(key, traffic)).filter(
      (current) => this.#saved.get(current.subaccountKey) !== JSON.stringify(current),
    )
    const gone = [...this.#saved.keys()].filter((key) => !subaccounts.has(key))
    try {
      if (changed.length > 0) await usage.saveUsage(changed)
      if (gone.length > 0) await usage.retainUsage([...subaccounts.keys()])
      for (const current of changed) this.#saved.set(current.subaccountKey, JSON.stringify(current))
      for (const key of gone) this.#saved.delete(key)
    } catch (failure) {
      log.error('usage.not-saved', {}, failure)
    }
  }

  *#running(): Generator<readonly [string, Subaccount, SubaccountTraffic]> {
    const { store, runtime } = this.#options
    for (const subaccount of store.current.subaccounts.values()) {
      const { subaccountId, regionHost } = subaccount
      const traffic = runtime.traffic(subaccountId, regionHost)
      if (traffic !== undefined) yield [subaccountKey(regionHost, subaccountId), subaccount, traffic]
    }
  }
}

function restore(traffic: SubaccountTraffic, subaccount: Subaccount, { sinceMs, resources }: SubaccountUsage): void {
  traffic.usageSinceMs = sinceMs
  const access = accessOf(subaccount)
  for (const { mappingKey: key, resource, ...usage } of resources) {
    const mapping = subaccount.mappings.get(key)
    if (mapping === undefined) continue
    const system = access.findSystemByName(mapping.virtualHost.toLowerCase(), mapping.virtualPort)
    if (system !== undefined) traffic.restoreUsage(system, resource, usage)
  }
}

function read(key: string, traffic: SubaccountTraffic): SubaccountUsage {
  const resources = Array.from(traffic.systems.values()).flatMap((system) =>
    Array.from(system.usage, ([resource, counter]) => ({
      subaccountKey: key,
      mappingKey: mappingKey(system.virtualHost, system.virtualPort),
      resource,
      ...counter.read(),
    })).filter(({ calls }) => calls > 0),
  )
  return { subaccountKey: key, sinceMs: traffic.usageSinceMs, resources }
}
