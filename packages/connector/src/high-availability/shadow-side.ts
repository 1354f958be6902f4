import { PlatformError, type Secret } from '@landbridge/kernel'
import type { HaPeer } from '../configuration/high-availability-settings.ts'
import { invalid, registerAt } from './first-connection.ts'
import type { PairAccess } from './pair-access.ts'
import { type PeerStatus, stateRefusal } from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { withoutPair } from './role-edits.ts'
import { ShadowDuty, type ShadowDutyOptions, type ShadowState } from './shadow-duty.ts'
import { shadowSettings } from './shadow-status.ts'

export interface MasterVersions {
  /** Whether master and shadow fit together. */
  readonly ok: boolean
  readonly connector: string
}

/** How long a new connection waits for its first copy. */
const settleWaitMs = 10_000

/** This instance as shadow: it connects to a master and disconnects from it, as its administrator says. */
export class ShadowSide {
  readonly #access: PairAccess
  readonly #takeOver: ShadowDutyOptions['takeOver']
  /** Undefined while this instance belongs to no master. */
  #duty: ShadowDuty | undefined
  /** What the last attempt to connect failed with. */
  #message: string | undefined
  #isConnecting: boolean
  #isDisconnecting: boolean

  constructor(access: PairAccess, takeOver: ShadowDutyOptions['takeOver']) {
    this.#access = access
    this.#takeOver = takeOver
    this.#duty = undefined
    this.#message = undefined
    this.#isConnecting = false
    this.#isDisconnecting = false
  }

  start(): void {
    this.#duty = new ShadowDuty({ ...this.#access.options, takeOver: this.#takeOver })
    this.#duty.start()
  }

  stop(): void {
    this.#duty?.stop()
    this.#duty = undefined
  }

  /** Undefined while this instance belongs to no master. */
  status(): PeerStatus | undefined {
    return this.#duty?.status()
  }

  state(): { state: ShadowState; message: string | undefined; versions: MasterVersions | undefined } {
    const version = this.#access.settings.haPeer?.version
    return {
      state: this.#state(),
      message: this.#duty === undefined || this.#isConnecting ? this.#message : this.#duty.message,
      versions:
        version === undefined ? undefined : { ok: version === this.#access.options.version, connector: version },
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
    const before = this.#state()
    if (before !== 'INITIAL' && before !== 'DISCONNECTED' && before !== 'LOST')
      throw stateRefusal(before, 'this shadow is connected or about to be')
    const { options, closed } = this.#access
    const { masterHost, masterPort } = shadowSettings(options)
    if (masterHost === '' || masterPort === '')
      throw invalid('masterHost', 'masterHost and masterPort are not configured')
    const known = this.#knownMaster(masterHost, Number(masterPort))
    if (credentials === undefined && known === undefined) throw invalid('user', 'user and password are required')
    const trusted = fingerprint ?? (credentials === undefined ? fingerprintOf(known?.certificate ?? '') : undefined)
    this.#isConnecting = true
    this.#message = undefined
    try {
      const peer = await registerAt(options, { credentials, fingerprint: trusted, signal: closed })
      this.stop()
      const joined = { operation: 'connect' }
      await this.#access.change(actor, 'haShadow', (settings) => ({ ...settings, haPeer: peer }), joined)
      this.start()
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
    const { haPeer } = this.#access.settings
    if (this.#duty === undefined || haPeer === undefined) throw stateRefusal(this.#state(), 'no master is connected')
    this.#isDisconnecting = true
    try {
      this.#duty.stop()
      await this.#access.ask(haPeer, 'leave', {})
      const left = { ...haPeer, isJoined: false }
      await this.#access.change(actor, 'haShadow', (settings) => ({ ...settings, haPeer: left }), {
        operation: 'disconnect',
      })
      this.#duty = undefined
      this.#message = undefined
    } finally {
      this.#isDisconnecting = false
    }
  }

  /** Drops everything that came from the master, and how to find it (guide L28837). */
  async reset(actor: string, installationId: string): Promise<void> {
    const state = this.#state()
    if (state !== 'INITIAL' && state !== 'DISCONNECTED' && state !== 'LOST')
      throw stateRefusal(state, 'a master is connected')
    this.stop()
    this.#message = undefined
    await this.#access.options.store.adopt(actor, (current) => ({
      next: withoutPair(current, installationId),
      audit: { category: 'Configuration', action: 'update', object: 'haShadow', details: { operation: 'reset' } },
    }))
  }

  #state(): ShadowState {
    if (this.#isConnecting) return 'HANDSHAKE'
    if (this.#isDisconnecting) return 'DISCONNECTING'
    if (this.#duty !== undefined) return this.#duty.state
    return this.#access.settings.haPeer === undefined ? 'INITIAL' : 'DISCONNECTED'
  }

  #knownMaster(host: string, port: number): HaPeer | undefined {
    const { haPeer } = this.#access.settings
    return haPeer?.host === host && haPeer.port === port ? haPeer : undefined
  }

  /** Waits, a bounded time, until the first copy has arrived or failed. */
  async #settled(): Promise<void> {
    const { clock } = this.#access.options
    const end = clock.now() + settleWaitMs
    while (clock.now() < end) {
      const state = this.#state()
      if ((state !== 'HANDSHAKE' && state !== 'INITSYNC') || this.#duty?.message !== undefined) return
      await new Promise<void>((resolve) => clock.after(20, resolve))
    }
  }
}
