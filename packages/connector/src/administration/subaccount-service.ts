import { type Clock, errorEntry, isPlatformError, type Log, PlatformError } from '@landbridge/kernel'
import {
  type ConnectorConfiguration,
  type Subaccount,
  type SubaccountProperties,
  subaccountKey,
  type WayToCloud,
} from '../configuration/model.ts'
import { addRecovery, isTaken, recoveryOf, removeRecovery, takeOver, wayOf } from '../configuration/recovery-edits.ts'
import type { AuditEvent, ConfigurationStore } from '../configuration/store-port.ts'
import { addSubaccount, removeSubaccount, subaccountOf, withSubaccount } from '../configuration/subaccount-edits.ts'
import { type Pairing, type PairingRequest, pairSubaccount } from '../pairing/pair.ts'
import type { CloudCredentials, RegionAccess, RegionOverride } from '../pairing/region-request.ts'
import { renewWithCertificate } from '../pairing/renew.ts'
import { downloadTrust, mergeTrust } from '../pairing/trust.ts'
import type { ConnectFailure, ConnectorRuntime, TunnelStatus } from '../runtime-port.ts'
import { waitUntil } from './wait-until.ts'

export interface SubaccountServiceOptions {
  readonly store: ConfigurationStore
  readonly runtime: ConnectorRuntime
  readonly clock: Clock
  readonly log: Log
  /** Overrides by region host, lower case. */
  readonly regions: ReadonlyMap<string, RegionOverride>
  /** For each connection to a region and for each answer. */
  readonly regionTimeoutMs: number
  /** How long an operation waits for the tunnel before it answers with the state reached so far. */
  readonly tunnelTimeoutMs: number
}

/** What an administrator gives to add a subaccount. */
export interface NewSubaccount {
  readonly regionHost: string
  readonly subaccountId: string
  readonly credentials: CloudCredentials
  readonly displayName: string
  readonly locationId: string
  readonly description: string
  readonly isManaged: boolean
  readonly autoCertRenewal: boolean
  readonly autoSyncTrust: boolean
  readonly loadSharing: boolean
  readonly tunnelConnections: number
}

/** Absent members stay as they are. */
export type SubaccountPatch = Partial<
  Pick<SubaccountProperties, 'displayName' | 'locationId' | 'description' | 'autoCertRenewal'>
>

/** Address of a subaccount on this connector. */
export interface SubaccountAddress {
  readonly regionHost: string
  readonly subaccountId: string
}

/** Pairing and the life of subaccounts: what needs the region or the tunnel besides the configuration. */
export class SubaccountService {
  readonly #options: SubaccountServiceOptions
  /** Subaccounts that are being paired: a second request for one of them must not pair as well. */
  readonly #pairing: Set<string>
  #lastFailure: ConnectFailure | undefined

  constructor(options: SubaccountServiceOptions) {
    this.#options = options
    this.#pairing = new Set()
    this.#lastFailure = undefined
  }

  /** Why the last pairing or refresh did not succeed; undefined after one that did. */
  get lastFailure(): ConnectFailure | undefined {
    return this.#lastFailure
  }

  /** @throws PlatformError CONNECTOR_SUBACCOUNT_NOT_FOUND */
  find({ regionHost, subaccountId }: SubaccountAddress): Subaccount {
    return subaccountOf(this.#options.store.current, regionHost, subaccountId)
  }

  /** The tunnel as it is now; what the administrator switched off is off. */
  status(subaccount: Subaccount): TunnelStatus {
    const status = this.#options.runtime.status(subaccount.subaccountId, subaccount.regionHost)
    return subaccount.connected ? status : { ...status, state: 'Disconnected', connectedSinceMs: 0, connections: 0 }
  }

  /**
   * Pairs a subaccount, stores it and waits for its tunnel, a bounded time. A tunnel that does not come up is no error.
   * @throws PlatformError CONNECTOR_SUBACCOUNT_EXISTS, those of `pairSubaccount` (nothing is stored then), STORE_*
   */
  async add(actor: string, wanted: NewSubaccount): Promise<Subaccount> {
    const { regionHost, subaccountId } = wanted
    const key = subaccountKey(regionHost, subaccountId)
    this.#refuseTaken(this.#options.store.current, wanted)
    if (this.#pairing.has(key))
      throw new PlatformError('CONNECTOR_SUBACCOUNT_EXISTS', { subaccount: subaccountId, regionHost })
    this.#pairing.add(key)
    try {
      const properties = await this.#pair(wanted)
      await this.#options.store.change(actor, (current) => {
        this.#refuseTaken(current, wanted)
        const event = audit('create', wanted, 'Configuration', { initiatedBy: properties.user })
        return { next: addSubaccount(current, properties), audit: event, result: undefined }
      })
    } finally {
      this.#pairing.delete(key)
    }
    await this.#settle(wanted)
    return this.find(wanted)
  }

  /** A changed location ID or description registers the tunnel anew; the wait is for that. */
  async edit(actor: string, address: SubaccountAddress, patch: SubaccountPatch): Promise<Subaccount> {
    await this.#update(actor, address, audit('update', address, 'Account'), (subaccount) => ({
      ...subaccount,
      ...patch,
    }))
    await this.#settle(address)
    return this.find(address)
  }

  async remove(actor: string, address: SubaccountAddress): Promise<void> {
    await this.#options.store.change(actor, (current) => ({
      next: removeSubaccount(current, address.regionHost, address.subaccountId),
      audit: audit('delete', address, 'Configuration'),
      result: undefined,
    }))
  }

  /** Connects or disconnects; the wish survives restarts. Returns once the tunnel followed, after a bounded time. */
  async setConnected(actor: string, address: SubaccountAddress, connected: boolean): Promise<void> {
    if (this.find(address).connected !== connected)
      await this.#update(actor, address, audit('update', address, 'Account', { connected }), (subaccount) => ({
        ...subaccount,
        connected,
      }))
    await this.#settle(address)
  }

  /**
   * Gets a new certificate with a new key; the old one serves until then (guide L19465), and need not be valid any more.
   * @throws PlatformError those of `pairSubaccount`; nothing is changed then
   */
  async renew(actor: string, address: SubaccountAddress, credentials: CloudCredentials): Promise<Subaccount> {
    const before = this.find(address)
    const pairing = await this.#askCloud('refresh', before.regionHost, credentials, {
      subaccountId: before.subaccountId,
      registeredUser: before.user,
      locationId: before.locationId,
      connectorId: this.#options.store.current.settings.installationId,
      description: before.description,
      automaticRenewal: before.autoCertRenewal,
    })
    const { certificate, privateKey, endpoint, user } = pairing
    const event = audit('update', address, 'Account', { initiatedBy: user })
    await this.#update(actor, address, event, (subaccount) => ({
      ...subaccount,
      certificate,
      privateKey,
      endpoint,
      user,
    }))
    await this.#settle(address)
    return this.find(address)
  }

  /**
   * Gets the next certificate with the present one, without a user, and has the tunnel take it over. Streams go on.
   * @throws PlatformError those of `renewWithCertificate`
   */
  async renewByItself(actor: string, address: SubaccountAddress): Promise<void> {
    const { regionHost, subaccountId, certificate, privateKey } = this.find(address)
    const next = await renewWithCertificate(this.#access(regionHost), { subaccountId, certificate, privateKey })
    const event = audit('update', address, 'Account', { initiatedBy: actor })
    await this.#update(actor, address, event, (subaccount) => ({ ...subaccount, ...next }))
  }

  /** Takes over the identity providers that the cloud side names; a failure keeps the known ones. */
  async synchroniseTrust(actor: string, address: SubaccountAddress): Promise<void> {
    const subaccount = this.find(address)
    const { regionHost, endpoint, certificate, privateKey } = wayOf(subaccount)
    const { subaccountId } = subaccount
    const { notificationHost } = endpoint
    const from = { subaccountId, notificationHost, certificate, privateKey }
    const providers = await downloadTrust(this.#access(regionHost), from)
    const event = audit('update', address, 'TrustSynchronization', { providers: providers.length })
    await this.#update(actor, address, event, (current) => ({
      ...current,
      identityProviders: mergeTrust(current.identityProviders, providers),
    }))
  }

  /** @throws PlatformError CONNECTOR_RECOVERY_NOT_FOUND */
  requireRecovery(address: SubaccountAddress): void {
    recoveryOf(this.find(address))
  }

  /**
   * Pairs the subaccount of the same ID in another region, which waits until it is activated.
   * @throws PlatformError CONNECTOR_RECOVERY_EXISTS, CONNECTOR_SUBACCOUNT_EXISTS, those of `pairSubaccount`
   */
  async addRecovery(
    actor: string,
    address: SubaccountAddress,
    regionHost: string,
    credentials: CloudCredentials,
  ): Promise<void> {
    const { subaccountId } = address
    const before = this.find(address)
    // Refused before the cloud is asked.
    if (before.recovery !== undefined) addRecovery(before, before.recovery)
    this.#refuseTaken(this.#options.store.current, { regionHost, subaccountId })
    const way = await this.#wayBy('connect', regionHost, credentials, before)
    const event = audit('create', address, 'RecoveryAccount', { regionHost, initiatedBy: way.user })
    await this.#options.store.change(actor, (current) => {
      const subaccount = subaccountOf(current, address.regionHost, subaccountId)
      const next = withSubaccount(current, addRecovery(subaccount, { ...way, isActive: false }))
      this.#refuseTaken(current, { regionHost, subaccountId })
      return { next, audit: event, result: undefined }
    })
  }

  /** If it was active the original is connected again. */
  async removeRecovery(actor: string, address: SubaccountAddress): Promise<void> {
    const { regionHost } = recoveryOf(this.find(address))
    await this.#update(actor, address, audit('delete', address, 'RecoveryAccount', { regionHost }), removeRecovery)
    await this.#settle(address)
  }

  /** As `renew`, for the recovery subaccount. */
  async renewRecovery(actor: string, address: SubaccountAddress, credentials: CloudCredentials): Promise<Subaccount> {
    const before = this.find(address)
    const { regionHost } = recoveryOf(before)
    const way = await this.#wayBy('refresh', regionHost, credentials, before)
    const event = audit('update', address, 'RecoveryAccount', { regionHost, initiatedBy: way.user })
    await this.#update(actor, address, event, (subaccount) => ({
      ...subaccount,
      recovery: { ...recoveryOf(subaccount), ...way },
    }))
    await this.#settle(address)
    return this.find(address)
  }

  /** As `renewByItself`, for the recovery subaccount. */
  async renewRecoveryByItself(actor: string, address: SubaccountAddress): Promise<void> {
    const { subaccountId } = address
    const { regionHost, certificate, privateKey } = recoveryOf(this.find(address))
    const next = await renewWithCertificate(this.#access(regionHost), { subaccountId, certificate, privateKey })
    const event = audit('update', address, 'RecoveryAccount', { regionHost, initiatedBy: actor })
    await this.#update(actor, address, event, (subaccount) => {
      const recovery = recoveryOf(subaccount)
      // Another region took its place meanwhile: the certificate is of no use there.
      return recovery.regionHost === regionHost ? { ...subaccount, recovery: { ...recovery, ...next } } : subaccount
    })
  }

  /** Puts the recovery subaccount into the place of the original, or the original back. Waits as `setConnected` does. */
  async setRecoveryActive(actor: string, address: SubaccountAddress, isActive: boolean): Promise<void> {
    const { isActive: before, regionHost } = recoveryOf(this.find(address))
    const event = audit('update', address, 'Configuration', { recoveryRegionHost: regionHost, isActive })
    if (before !== isActive)
      await this.#update(actor, address, event, (subaccount) => ({
        ...subaccount,
        recovery: { ...recoveryOf(subaccount), isActive },
      }))
    await this.#settle(address)
  }

  /** The active recovery subaccount stays for good. @throws PlatformError CONNECTOR_RECOVERY_INACTIVE */
  async takeOver(actor: string, address: SubaccountAddress): Promise<void> {
    const { subaccountId } = address
    const { regionHost } = recoveryOf(this.find(address))
    await this.#options.store.change(actor, (current) => ({
      next: takeOver(current, address.regionHost, subaccountId),
      audit: audit('update', address, 'RecoveryAccount', { takenOverBy: regionHost }),
      result: undefined,
    }))
    await this.#settle({ regionHost, subaccountId })
  }

  #refuseTaken(current: ConnectorConfiguration, { regionHost, subaccountId }: SubaccountAddress): void {
    if (isTaken(current, regionHost, subaccountId))
      throw new PlatformError('CONNECTOR_SUBACCOUNT_EXISTS', { subaccount: subaccountId, regionHost })
  }

  async #wayBy(
    operation: 'connect' | 'refresh',
    regionHost: string,
    credentials: CloudCredentials,
    { subaccountId, locationId, description, autoCertRenewal: automaticRenewal }: Subaccount,
  ): Promise<WayToCloud> {
    const connectorId = this.#options.store.current.settings.installationId
    const wanted = { subaccountId, locationId, connectorId, description, automaticRenewal }
    const { user, endpoint, certificate, privateKey } = await this.#askCloud(operation, regionHost, credentials, wanted)
    return { regionHost, user, endpoint, certificate, privateKey }
  }

  async #pair(wanted: NewSubaccount): Promise<SubaccountProperties> {
    const { credentials, ...kept } = wanted
    const { installationId } = this.#options.store.current.settings
    const pairing = await this.#askCloud('connect', wanted.regionHost, credentials, {
      subaccountId: wanted.subaccountId,
      locationId: wanted.locationId,
      connectorId: installationId,
      description: wanted.description,
      automaticRenewal: wanted.autoCertRenewal,
    })
    return {
      ...kept,
      connected: true,
      user: pairing.user,
      endpoint: pairing.endpoint,
      certificate: pairing.certificate,
      privateKey: pairing.privateKey,
      createdAtMs: this.#options.clock.now(),
    }
  }

  /** Who cannot read the answer of the API finds the same in the log: what was tried, what it may be, what to do. */
  async #askCloud(
    operation: 'connect' | 'refresh',
    regionHost: string,
    credentials: CloudCredentials,
    wanted: PairingRequest,
  ): Promise<Pairing> {
    try {
      const pairing = await pairSubaccount(this.#access(regionHost), credentials, wanted)
      this.#lastFailure = undefined
      return pairing
    } catch (failure) {
      if (isPlatformError(failure)) {
        const { title, remedy } = errorEntry(failure.code)
        const told = String(failure.facts.reason ?? title)
        this.#lastFailure = { code: failure.code, reason: told, atMs: this.#options.clock.now() }
        const { user } = credentials
        const facts = { operation, subaccount: wanted.subaccountId, regionHost, user, ...failure.facts }
        this.#options.log.warn('subaccount.certificate-refused', { ...facts, code: failure.code, title, remedy })
      }
      throw failure
    }
  }

  #access(regionHost: string): RegionAccess {
    const { httpsProxy } = this.#options.store.current.settings
    const override = this.#options.regions.get(regionHost.toLowerCase())
    return {
      regionHost,
      timeoutMs: this.#options.regionTimeoutMs,
      ...(override === undefined ? {} : { override }),
      ...(httpsProxy === undefined ? {} : { httpsProxy }),
    }
  }

  async #update(
    actor: string,
    address: SubaccountAddress,
    event: AuditEvent,
    edit: (subaccount: Subaccount) => Subaccount,
  ): Promise<void> {
    await this.#options.store.change(actor, (current) => ({
      next: withSubaccount(current, edit(subaccountOf(current, address.regionHost, address.subaccountId))),
      audit: event,
      result: undefined,
    }))
  }

  /** Waits until the tunnel is as the administrator wants it, or has failed, or the time is up. */
  async #settle(address: SubaccountAddress): Promise<void> {
    const { clock, runtime, tunnelTimeoutMs } = this.#options
    const { connected, subaccountId, regionHost } = this.find(address)
    await waitUntil(clock, tunnelTimeoutMs, () => {
      const { state } = runtime.status(subaccountId, regionHost)
      return connected ? state !== 'Disconnected' : state !== 'Connected'
    })
  }
}

function audit(
  action: AuditEvent['action'],
  { regionHost, subaccountId }: SubaccountAddress,
  category: AuditEvent['category'],
  details: NonNullable<AuditEvent['details']> = {},
): AuditEvent {
  const subaccount = `${subaccountId}@${regionHost}`
  return { category, action, object: subaccount, subaccount, details }
}
