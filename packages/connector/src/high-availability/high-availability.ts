import { PlatformError, type Secret } from '@landbridge/kernel'
import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { ConnectorConfiguration, ConnectorSettings, HaRole } from '../configuration/model.ts'
import type { AuditEvent } from '../configuration/store-port.ts'
import { askPeer, type PeerAnswer } from './ask-peer.ts'
import { invalid, registerAt } from './first-connection.ts'
import { MasterDuty, type MasterState, type WatchAnswer } from './master-duty.ts'
import { meet } from './meeting.ts'
import {
  identityOf,
  ownStanding,
  type PairOptions,
  type PeerStatus,
  type Position,
  readableStatus,
  stateRefusal,
} from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { replicationProtocol } from './replica.ts'
import { formerMaster, formerShadow, roleChange, withoutPair } from './role-edits.ts'
import { admitShadow, type Registration, registeredShadow, rememberShadow } from './shadow-admission.ts'
import { ShadowDuty, type ShadowState } from './shadow-duty.ts'
import { shadowSettings } from './shadow-status.ts'

export interface MasterVersions {
  /** Whether master and shadow fit together. */
  readonly ok: boolean
  readonly connector: string
}

/** How long a switch waits until the shadow has everything. */
const replicationWaitMs = 5_000
const settleWaitMs = 10_000

/**
 * The pair of a master and its shadow (guide L28733): which of them this instance is, and how that changes. The role
 * itself is part of the stored configuration; this class follows it.
 */
export class HighAvailability {
  readonly #options: PairOptions
  readonly #stopListening: () => void
  #role: HaRole
  #master: MasterDuty | undefined
  #shadow: ShadowDuty | undefined
  /** What the last attempt to connect failed with. */
  #message: string | undefined
  #isConnecting: boolean
  #isDisconnecting: boolean
  #cancelProbe: () => void
  #lastProbeMs: number
  #closed: AbortController

  constructor(options: PairOptions) {
    this.#options = options
    this.#role = 'undefined'
    this.#master = undefined
    this.#shadow = undefined
    this.#message = undefined
    this.#isConnecting = false
    this.#isDisconnecting = false
    this.#cancelProbe = () => {}
    this.#lastProbeMs = 0
    this.#closed = new AbortController()
    this.#stopListening = options.store.onChange((current) => this.#follow(current.settings.haRole))
  }

  /** A former master asks first whether the other one has its role by now (guide L28886); MUST precede its tunnels. */
  async start(): Promise<void> {
    const { settings } = this.#options.store.current
    if (settings.haRole === 'master' && settings.haPeer?.isJoined) await this.#probe()
    this.#follow(this.#options.store.current.settings.haRole)
  }

  close(): void {
    this.#closed.abort()
    this.#stopListening()
    this.#stopDuties()
  }

  // The master.

  masterState(): { state: MasterState; shadowHost: string } {
    const state = this.#master?.state ?? 'ALONE'
    return { state, shadowHost: state === 'ALONE' ? '' : (this.#settings.haPeer?.host ?? '') }
  }

  /** What is wrong with the replication, for an administrator. */
  get problem(): string | undefined {
    return this.#master?.problem
  }

  /**
   * Gives the role to the shadow; open requests break. With force even to one that does not answer.
   * @throws PlatformError CONNECTOR_HA_STATE
   */
  async switchRoles(actor: string, isForced: boolean): Promise<void> {
    const { state } = this.masterState()
    const canForce = this.#settings.haPeer?.isJoined === true && state !== 'BINDING'
    if (state !== 'CONNECTED' && !(isForced && canForce)) throw stateRefusal(state, 'no shadow is connected')
    if (!isForced && !(await this.#master?.isReplicated(replicationWaitMs)))
      throw stateRefusal(state, 'the shadow does not have the latest configuration yet')
    await this.#becomeShadow(actor, true, isForced ? 'forced switch' : 'switch')
  }

  /** Restores the defaults of all settings of a master (guide L21944). @throws PlatformError CONNECTOR_HA_STATE */
  async resetMaster(actor: string): Promise<void> {
    const { state } = this.masterState()
    if (state === 'CONNECTED' || state === 'BINDING') throw stateRefusal(state, 'a shadow is connected')
    await this.#change(actor, 'haMaster', ({ haMaster, haPeer, haTerm, ...settings }) => settings)
    this.#master?.forget()
  }

  // The shadow.

  shadowState(): { state: ShadowState; message: string | undefined; versions: MasterVersions | undefined } {
    const { haPeer } = this.#settings
    const version = haPeer?.version
    return {
      state: this.#shadowState(),
      message: this.#shadow === undefined || this.#isConnecting ? this.#message : this.#shadow.message,
      versions: version === undefined ? undefined : { ok: version === this.#options.version, connector: version },
    }
  }

  /**
   * Connects to the configured master, the first time with a user of it, later with the exchanged certificates.
   * @param fingerprint SHA-256 of the master's certificate, to be sure of it before it gets the password.
   * @throws PlatformError REQUEST_INVALID, CONNECTOR_HA_STATE, CONNECTOR_PEER_UNREACHABLE
   */
  async connect(
    actor: string,
    credentials: { readonly user: string; readonly password: Secret } | undefined,
    fingerprint?: string,
  ): Promise<void> {
    const before = this.#shadowState()
    if (before !== 'INITIAL' && before !== 'DISCONNECTED' && before !== 'LOST')
      throw stateRefusal(before, 'this shadow is connected or about to be')
    const { masterHost, masterPort } = shadowSettings(this.#options)
    if (masterHost === '' || masterPort === '')
      throw invalid('masterHost', 'masterHost and masterPort are not configured')
    const known = this.#knownMaster(masterHost, Number(masterPort))
    if (credentials === undefined && known === undefined) throw invalid('user', 'user and password are required')
    const trusted = fingerprint ?? (credentials === undefined ? fingerprintOf(known?.certificate ?? '') : undefined)
    this.#isConnecting = true
    this.#message = undefined
    try {
      const peer = await registerAt(this.#options, { credentials, fingerprint: trusted, signal: this.#closed.signal })
      this.#shadow?.stop()
      this.#shadow = undefined
      await this.#change(actor, 'haShadow', (settings) => ({ ...settings, haPeer: peer }), { operation: 'connect' })
      this.#startShadow()
    } catch (failure) {
      if (failure instanceof PlatformError) this.#message = String(failure.facts.reason ?? failure.message)
      throw failure
    } finally {
      this.#isConnecting = false
    }
    await this.#settled()
  }

  /** @throws PlatformError CONNECTOR_HA_STATE */
  async disconnect(actor: string): Promise<void> {
    const state = this.#shadowState()
    const { haPeer } = this.#settings
    if (this.#shadow === undefined || haPeer === undefined) throw stateRefusal(state, 'no master is connected')
    this.#isDisconnecting = true
    try {
      this.#shadow.stop()
      await this.#ask(haPeer, 'leave', {})
      await this.#change(actor, 'haShadow', (settings) => ({ ...settings, haPeer: { ...haPeer, isJoined: false } }), {
        operation: 'disconnect',
      })
      this.#shadow = undefined
      this.#message = undefined
    } finally {
      this.#isDisconnecting = false
    }
  }

  /** Drops everything that came from the master, and how to find it (guide L28837). */
  async resetShadow(actor: string, installationId: string): Promise<void> {
    const state = this.#shadowState()
    if (state !== 'INITIAL' && state !== 'DISCONNECTED' && state !== 'LOST')
      throw stateRefusal(state, 'a master is connected')
    this.#shadow?.stop()
    this.#shadow = undefined
    this.#message = undefined
    await this.#options.store.adopt(actor, (current) => ({
      next: withoutPair(current, installationId),
      audit: { category: 'Configuration', action: 'update', object: 'haShadow', details: { operation: 'reset' } },
    }))
  }

  // What the other instance asks.

  /**
   * A shadow wants the place. @param isFromHost whether it comes from a host.
   * @throws PlatformError CONNECTOR_HA_STATE, CONNECTOR_NOT_MASTER, REQUEST_INVALID
   */
  async acceptShadow(wanted: Registration, remoteAddress: string, actor: string): Promise<PeerStatus> {
    if (wanted.protocol !== replicationProtocol)
      throw invalid('protocol', 'master and shadow are of versions that do not fit together')
    if (this.#master === undefined) throw new PlatformError('CONNECTOR_NOT_MASTER')
    await admitShadow(this.#options, this.masterState().state, remoteAddress)
    const { haPeer } = this.#settings
    const isOther = fingerprintOf(haPeer?.certificate ?? '') !== fingerprintOf(wanted.certificate)
    const { state } = this.masterState()
    if (state !== 'ALONE' && isOther) throw stateRefusal(state, 'another shadow is registered')
    const peer = registeredShadow(wanted, isOther ? undefined : haPeer, remoteAddress)
    await this.#change(actor, 'haPeer', (settings) => ({ ...settings, haPeer: peer }), { host: peer.host })
    this.#master?.register()
    return this.ownStatus()
  }

  /** The other instance tells how it is, and is told the same. @throws PlatformError CONNECTOR_HA_STATE */
  async acceptStatus(told: PeerStatus, remoteAddress: string): Promise<PeerStatus> {
    const { haPeer } = this.#settings
    if (haPeer === undefined) throw stateRefusal('ALONE', 'there is no other instance')
    if (this.#master !== undefined && told.role === 'shadow') {
      await admitShadow(this.#options, this.masterState().state, remoteAddress)
      if (!haPeer.isJoined) throw stateRefusal('ALONE', 'the shadow has been disconnected')
      await rememberShadow(this.#options, haPeer, told)
      this.#master?.report(told)
    }
    const status = this.ownStatus()
    await this.#met(told, haPeer)
    return status
  }

  /** Answers once the configuration differs from a version. @throws PlatformError CONNECTOR_HA_STATE */
  async acceptWatch(applied: Position | undefined, remoteAddress: string, signal: AbortSignal): Promise<object> {
    await admitShadow(this.#options, this.masterState().state, remoteAddress)
    if (this.#master === undefined) throw stateRefusal('shadow', 'this instance is no longer the master')
    const answer: WatchAnswer = await this.#master.watch(applied, signal)
    return { ...answer, term: ownStanding(this.#options.store.current).term.number }
  }

  /** Lets a waiting shadow look again: this instance is about to close its port. */
  endWait(): void {
    this.#master?.endWait()
  }

  async acceptLeave(): Promise<void> {
    this.#master?.forget()
    await this.#change('shadow', 'haPeer', ({ haPeer, ...settings }) =>
      haPeer === undefined ? settings : { ...settings, haPeer: { ...haPeer, isJoined: false } },
    )
  }

  ownStatus(): PeerStatus {
    if (this.#shadow !== undefined) return this.#shadow.status()
    const { role, term } = ownStanding(this.#options.store.current)
    const position = this.#master?.position
    return { role, term, version: this.#options.version, ...(position === undefined ? {} : { position }) }
  }

  // Roles.

  #follow(role: HaRole): void {
    if (role === this.#role) return
    this.#role = role
    this.#stopDuties()
    this.#options.log.info('ha.role', { role })
    if (role === 'master') {
      this.#master = new MasterDuty(this.#options)
      this.#planProbe()
    } else if (role === 'shadow' && this.#settings.haPeer?.isJoined) this.#startShadow()
  }

  #stopDuties(): void {
    this.#cancelProbe()
    this.#master?.stop()
    this.#shadow?.stop()
    this.#master = undefined
    this.#shadow = undefined
  }

  #startShadow(): void {
    this.#shadow = new ShadowDuty({
      ...this.#options,
      takeOver: (reason, term) => this.#becomeMaster(reason, term),
    })
    this.#shadow.start()
  }

  #becomeMaster(reason: string, termOfOther: number): Promise<void> {
    return this.#options.store
      .change('system', (current) => {
        if (current.settings.haRole !== 'shadow') throw stateRefusal(current.settings.haRole, 'it is no shadow')
        const next = formerShadow(current, termOfOther)
        return { next, audit: roleChange('master', reason), result: undefined }
      })
      .then(() => this.#options.log.warn('ha.taken-over', { reason }))
  }

  #becomeShadow(actor: string, isHandedOver: boolean, reason: string): Promise<void> {
    return this.#options.store
      .change(actor, (current) => {
        const { haRole, haPeer } = current.settings
        if (haRole !== 'master' || haPeer === undefined) throw stateRefusal(haRole, 'it is no master with a shadow')
        return {
          next: formerMaster(current, haPeer, isHandedOver),
          audit: roleChange('shadow', reason),
          result: undefined,
        }
      })
      .then(() => this.#options.log.warn('ha.stepped-down', { reason }))
  }

  // Meeting the other instance.

  /** A master that has not heard of its shadow looks whether that one is master, too (guide L28881). */
  #planProbe(): void {
    const { clock } = this.#options
    this.#cancelProbe = clock.every(1_000, () => {
      const { haPeer } = this.#settings
      if (haPeer?.isJoined !== true || this.#master === undefined || this.#master.isShadowPresent) return
      const due = this.#lastProbeMs + Math.max(1_000, haPeer.checkIntervalMs)
      if (clock.now() >= due) void this.#probe()
    })
  }

  async #probe(): Promise<void> {
    const { haPeer } = this.#settings
    if (haPeer === undefined) return
    this.#lastProbeMs = this.#options.clock.now()
    const answer = await this.#ask(haPeer, 'status', this.ownStatus())
    if (this.#closed.signal.aborted || answer.kind !== 'answer' || answer.status !== 200) return
    const told = readableStatus(answer.body)
    if (told === undefined) return this.#options.log.warn('ha.peer.unreadable', { host: haPeer.host })
    await this.#met(told, haPeer)
  }

  async #met({ role, term }: Pick<PeerStatus, 'role' | 'term'>, haPeer: HaPeer): Promise<void> {
    const own = ownStanding(this.#options.store.current)
    if (own.role !== 'master') return
    const other = { role, term, fingerprint: fingerprintOf(haPeer.certificate) ?? '' }
    if (meet(own, other) !== 'step-down') return
    await this.#becomeShadow('system', false, 'the other instance is master').catch((failure: unknown) => {
      this.#options.log.error('ha.step-down.failed', {}, failure)
    })
  }

  #knownMaster(host: string, port: number): HaPeer | undefined {
    const { haPeer } = this.#settings
    return haPeer?.host === host && haPeer.port === port ? haPeer : undefined
  }

  /** Waits, a bounded time, until the first copy has arrived or failed. */
  async #settled(): Promise<void> {
    const { clock } = this.#options
    const end = clock.now() + settleWaitMs
    while (clock.now() < end) {
      const state = this.#shadowState()
      if ((state !== 'HANDSHAKE' && state !== 'INITSYNC') || this.#shadow?.message !== undefined) return
      await new Promise<void>((resolve) => clock.after(20, resolve))
    }
  }

  #shadowState(): ShadowState {
    if (this.#isConnecting) return 'HANDSHAKE'
    if (this.#isDisconnecting) return 'DISCONNECTING'
    if (this.#shadow !== undefined) return this.#shadow.state
    return this.#settings.haPeer === undefined ? 'INITIAL' : 'DISCONNECTED'
  }

  #ask({ host, port, certificate }: HaPeer, operation: 'status' | 'leave', body: object): Promise<PeerAnswer> {
    const { store, clock } = this.#options
    const { connectTimeoutInMillis, requestTimeoutInMillis } = shadowSettings(this.#options)
    return askPeer({
      host,
      port,
      operation,
      body,
      identity: identityOf(store.current),
      fingerprint: fingerprintOf(certificate) ?? '',
      connectTimeoutMs: connectTimeoutInMillis,
      answerTimeoutMs: requestTimeoutInMillis,
      clock,
      signal: this.#closed.signal,
    })
  }

  #change(
    actor: string,
    object: string,
    edit: (settings: ConnectorSettings) => ConnectorSettings,
    details: NonNullable<AuditEvent['details']> = {},
  ): Promise<void> {
    return this.#options.store.change(actor, (current: ConnectorConfiguration) => ({
      next: { ...current, settings: edit(current.settings) },
      audit: { category: 'Configuration', action: 'update', object, details },
      result: undefined,
    }))
  }

  get #settings(): ConnectorSettings {
    return this.#options.store.current.settings
  }
}
