import { type ConfigurationStore, type ConnectorRuntime, type PairTunnels, toSnapshot } from '@landbridge/connector'
import { connectorVersion } from './version.ts'

type Regions = Parameters<typeof toSnapshot>[2]

/** Tells the runtime what to run: everything on a master, nothing on a shadow unless it tries to take over. */
export class RoleTunnels implements PairTunnels {
  readonly #store: ConfigurationStore
  readonly #runtime: ConnectorRuntime
  readonly #regions: Regions
  readonly #reportsCertificates: boolean
  #isTrying: boolean

  constructor(store: ConfigurationStore, runtime: ConnectorRuntime, regions: Regions, reportsCertificates: boolean) {
    this.#store = store
    this.#runtime = runtime
    this.#regions = regions
    this.#reportsCertificates = reportsCertificates
    this.#isTrying = false
  }

  apply(): void {
    const { current } = this.#store
    const { settings } = current
    const acting = this.#isTrying ? { ...current, settings: { ...settings, haRole: 'master' as const } } : current
    this.#runtime.apply(toSnapshot(acting, connectorVersion, this.#regions, this.#reportsCertificates))
  }

  tryOpen(): void {
    this.#isTrying = true
    this.apply()
  }

  endTry(): void {
    this.#isTrying = false
    this.apply()
  }

  isAnyWanted(): boolean {
    return [...this.#store.current.subaccounts.values()].some(({ connected }) => connected)
  }

  isAnyConnected(): boolean {
    return [...this.#store.current.subaccounts.values()].some(
      ({ subaccountId, regionHost }) => this.#runtime.status(subaccountId, regionHost).state === 'Connected',
    )
  }
}
