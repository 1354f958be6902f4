import type { SystemMapping } from '@landbridge/access'
import {
  addMapping,
  advancedConnectivityOf,
  type BackendConnectionMode,
  type ConfigurationStore,
  mappingKey,
  replaceMapping,
  type Subaccount,
  type SubaccountService,
  subaccountKey,
  subaccountOf,
  withSubaccount,
} from '@landbridge/connector'
import { type Clock, isPlatformError, jitteredBackoffMs, type Log, Secret } from '@landbridge/kernel'
import { Fields } from './body/fields.ts'
import type { BootstrapMapping, BootstrapSubaccount, CloudConnectorConfig } from './config.ts'
import { readMapping } from './wire/mapping-json.ts'

const actor = 'bootstrap'
const retryBaseMs = 500
const retryCapMs = 30_000

/** Errors that time does not heal: trying again would only knock on the door of the cloud. */
const hopeless = new Set([
  'CONNECTOR_CREDENTIALS_REFUSED',
  'CONNECTOR_USER_NOT_ENTITLED',
  'CONNECTOR_SUBACCOUNT_REFUSED',
  'REQUEST_INVALID',
])

/**
 * Brings about the declared state; what is there already stays. Containers start in any order, so a region that does
 * not answer yet is tried again until `close`.
 */
export class Bootstrap {
  readonly #store: ConfigurationStore
  readonly #service: SubaccountService
  readonly #clock: Clock
  readonly #log: Log
  readonly #cancels: Set<() => void>
  readonly #pending: Set<string>
  readonly #done: PromiseWithResolvers<void>
  #closed: boolean

  constructor(store: ConfigurationStore, service: SubaccountService, clock: Clock, log: Log) {
    this.#store = store
    this.#service = service
    this.#clock = clock
    this.#log = log
    this.#cancels = new Set()
    this.#pending = new Set()
    this.#done = Promise.withResolvers()
    this.#closed = false
  }

  /** True once every declared subaccount is paired or has failed for good. */
  get isDone(): boolean {
    return this.#pending.size === 0
  }

  /** Resolves when `isDone` is true. */
  done(): Promise<void> {
    return this.isDone ? Promise.resolve() : this.#done.promise
  }

  /** Returns after the first attempt at everything. */
  async apply(wanted: NonNullable<CloudConnectorConfig['bootstrap']>): Promise<void> {
    const { description } = wanted
    // All of them at once: between two of them nothing is done.
    for (const { regionHost, subaccount } of wanted.subaccounts)
      this.#pending.add(subaccountKey(regionHost, subaccount))
    if (description !== undefined && description !== this.#store.current.settings.description)
      await this.#store.change(actor, (current) => ({
        next: { ...current, settings: { ...current.settings, description } },
        audit: { category: 'Configuration', action: 'update', object: 'connector' },
        result: undefined,
      }))
    await this.#bind(wanted.backendConnections as BackendConnectionMode | undefined)
    for (const subaccount of wanted.subaccounts) await this.#attempt(subaccount, 0)
  }

  async #bind(backendConnections: BackendConnectionMode | undefined): Promise<void> {
    const before = advancedConnectivityOf(this.#store.current.settings)
    if (backendConnections === undefined || before.backendConnections === backendConnections) return
    await this.#store.change(actor, (current) => {
      const advancedConnectivity = { ...advancedConnectivityOf(current.settings), backendConnections }
      return {
        next: { ...current, settings: { ...current.settings, advancedConnectivity } },
        audit: { category: 'Configuration', action: 'update', object: 'connector/advancedConnectivity' },
        result: undefined,
      }
    })
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
  }

  async #attempt(wanted: BootstrapSubaccount, failures: number): Promise<void> {
    const key = subaccountKey(wanted.regionHost, wanted.subaccount)
    const facts = { subaccount: wanted.subaccount, regionHost: wanted.regionHost }
    try {
      await this.#pair(wanted, key)
      await this.#map(wanted)
      this.#settled(key)
      this.#log.info('bootstrap.subaccount.ready', facts)
    } catch (failure) {
      if (this.#closed) return
      const code = isPlatformError(failure) ? failure.code : 'INTERNAL'
      const isHopeless = hopeless.has(code)
      if (isHopeless) this.#settled(key)
      this.#log.warn('bootstrap.subaccount.failed', { ...facts, code, retries: !isHopeless }, failure)
      if (!isHopeless) this.#retry(wanted, failures)
    }
  }

  #settled(key: string): void {
    this.#pending.delete(key)
    if (this.isDone) this.#done.resolve()
  }

  #retry(wanted: BootstrapSubaccount, failures: number): void {
    const cancel = this.#clock.after(jitteredBackoffMs(failures, retryBaseMs, retryCapMs), () => {
      this.#cancels.delete(cancel)
      void this.#attempt(wanted, failures + 1)
    })
    this.#cancels.add(cancel)
  }

  async #pair(wanted: BootstrapSubaccount, key: string): Promise<void> {
    if (this.#store.current.subaccounts.has(key)) return
    const added = await this.#service.add(actor, {
      regionHost: wanted.regionHost,
      subaccountId: wanted.subaccount,
      credentials: { user: wanted.user, password: new Secret(wanted.password) },
      displayName: wanted.displayName,
      locationId: wanted.locationID,
      description: wanted.description,
      isManaged: false,
      // Nobody may be there to do it by hand.
      autoCertRenewal: true,
      autoSyncTrust: true,
      loadSharing: wanted.loadSharing,
      tunnelConnections: wanted.tunnelConnections,
    })
    await this.#service.synchroniseTrust(actor, added).catch((failure: unknown) => {
      this.#log.warn('bootstrap.trust.failed', { subaccount: wanted.subaccount }, failure)
    })
  }

  /** Declared mappings are added or replaced with their resources; others stay. Nothing is written without a difference. */
  async #map(wanted: BootstrapSubaccount): Promise<void> {
    const now = this.#clock.now()
    for (const declared of wanted.systemMappings) {
      const before = subaccountOf(this.#store.current, wanted.regionHost, wanted.subaccount)
      const mapping = toMapping(declared, now, before)
      const known = before.mappings.get(mappingKey(mapping.virtualHost, mapping.virtualPort))
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(mapping)) continue
      await this.#store.change(actor, (current) => {
        const subaccount = subaccountOf(current, wanted.regionHost, wanted.subaccount)
        return {
          next: withSubaccount(
            current,
            known === undefined ? addMapping(subaccount, mapping) : replaceMapping(subaccount, mapping),
          ),
          audit: {
            category: 'BackendMapping',
            action: known === undefined ? 'create' : 'update',
            object: `${mapping.virtualHost}:${mapping.virtualPort}`,
            subaccount: `${wanted.subaccount}@${wanted.regionHost}`,
          },
          result: undefined,
        }
      })
    }
  }
}

function toMapping(declared: BootstrapMapping, nowMs: number, subaccount: Subaccount): SystemMapping {
  const fields = new Fields(declared)
  const known = subaccount.mappings.get(mappingKey(declared.virtualHost, String(declared.virtualPort)))
  const mapping = readMapping(fields, nowMs, known)
  return {
    ...mapping,
    resources: declared.resources.map(({ id, enabled, exactMatchOnly, websocketUpgradeAllowed, description }) => ({
      id,
      enabled,
      exactMatchOnly,
      websocketUpgradeAllowed,
      ...(description === '' ? {} : { description }),
      createdAtMs: known?.resources.find((resource) => resource.id === id)?.createdAtMs ?? nowMs,
    })),
  }
}
