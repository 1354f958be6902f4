import { PlatformError } from '@landbridge/kernel'
import { invalid } from './first-connection.ts'
import { MasterDuty, type MasterState, type WatchAnswer } from './master-duty.ts'
import type { PairAccess } from './pair-access.ts'
import { ownStanding, type PeerStatus, type Position, stateRefusal } from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { replicationProtocol } from './replica.ts'
import { admitShadow, type Registration, registeredShadow, rememberShadow } from './shadow-admission.ts'

/** This instance as master: what its administrator sees and resets, and what a shadow asks of it. */
export class MasterSide {
  readonly #access: PairAccess
  /** Undefined while this instance is no master. */
  #duty: MasterDuty | undefined

  constructor(access: PairAccess) {
    this.#access = access
    this.#duty = undefined
  }

  get isActive(): boolean {
    return this.#duty !== undefined
  }

  get position(): Position | undefined {
    return this.#duty?.position
  }

  /** The shadow has been heard of lately. */
  get isShadowPresent(): boolean {
    return this.#duty?.isShadowPresent ?? false
  }

  /** What is wrong with the replication, for an administrator. */
  get problem(): string | undefined {
    return this.#duty?.problem
  }

  start(): void {
    this.#duty = new MasterDuty(this.#access.options)
  }

  stop(): void {
    this.#duty?.stop()
    this.#duty = undefined
  }

  state(): { state: MasterState; shadowHost: string } {
    const state = this.#duty?.state ?? 'ALONE'
    return { state, shadowHost: state === 'ALONE' ? '' : (this.#access.settings.haPeer?.host ?? '') }
  }

  /** Whether the shadow has everything, within a bounded time. */
  async isReplicated(withinMs: number): Promise<boolean> {
    return (await this.#duty?.isReplicated(withinMs)) ?? false
  }

  /** Restores the defaults of all settings of a master (guide L21944). @throws PlatformError CONNECTOR_HA_STATE */
  async reset(actor: string): Promise<void> {
    const { state } = this.state()
    if (state === 'CONNECTED' || state === 'BINDING') throw stateRefusal(state, 'a shadow is connected')
    await this.#access.change(actor, 'haMaster', ({ haMaster, haPeer, haTerm, ...settings }) => settings)
    this.#duty?.forget()
  }

  /**
   * A shadow wants the place.
   * @throws PlatformError CONNECTOR_HA_STATE, CONNECTOR_NOT_MASTER, REQUEST_INVALID
   */
  async acceptShadow(wanted: Registration, remoteAddress: string, actor: string): Promise<void> {
    if (wanted.protocol !== replicationProtocol)
      throw invalid('protocol', 'master and shadow are of versions that do not fit together')
    if (this.#duty === undefined) throw new PlatformError('CONNECTOR_NOT_MASTER')
    await this.#admit(remoteAddress)
    const { haPeer } = this.#access.settings
    const isOther = fingerprintOf(haPeer?.certificate ?? '') !== fingerprintOf(wanted.certificate)
    const { state } = this.state()
    if (state !== 'ALONE' && isOther) throw stateRefusal(state, 'another shadow is registered')
    const peer = registeredShadow(wanted, isOther ? undefined : haPeer, remoteAddress)
    await this.#access.change(actor, 'haPeer', (settings) => ({ ...settings, haPeer: peer }), { host: peer.host })
    this.#duty?.register()
  }

  /** The shadow tells how it is. @throws PlatformError CONNECTOR_HA_STATE */
  async acceptStatus(told: PeerStatus, remoteAddress: string): Promise<void> {
    await this.#admit(remoteAddress)
    const { haPeer } = this.#access.settings
    if (haPeer?.isJoined !== true) throw stateRefusal('ALONE', 'the shadow has been disconnected')
    await rememberShadow(this.#access.options, haPeer, told)
    this.#duty?.report(told)
  }

  /** Answers once the configuration differs from a version. @throws PlatformError CONNECTOR_HA_STATE */
  async acceptWatch(applied: Position | undefined, remoteAddress: string, signal: AbortSignal): Promise<object> {
    await this.#admit(remoteAddress)
    if (this.#duty === undefined) throw stateRefusal('shadow', 'this instance is no longer the master')
    const answer: WatchAnswer = await this.#duty.watch(applied, signal)
    return { ...answer, term: ownStanding(this.#access.options.store.current).term.number }
  }

  async acceptLeave(): Promise<void> {
    this.#duty?.forget()
    await this.#access.change('shadow', 'haPeer', ({ haPeer, ...settings }) =>
      haPeer === undefined ? settings : { ...settings, haPeer: { ...haPeer, isJoined: false } },
    )
  }

  /** Lets a waiting shadow look again: this instance is about to close its port. */
  endWait(): void {
    this.#duty?.endWait()
  }

  #admit(remoteAddress: string): Promise<void> {
    return admitShadow(this.#access.options, this.state().state, remoteAddress)
  }
}
