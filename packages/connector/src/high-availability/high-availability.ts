import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { HaRole } from '../configuration/model.ts'
import { MasterSide } from './master-side.ts'
import { meet } from './meeting.ts'
import { PairAccess } from './pair-access.ts'
import { ownStanding, type PairOptions, type PeerStatus, stateRefusal } from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { RivalProbe } from './rival-probe.ts'
import { formerMaster, formerShadow, roleChange } from './role-edits.ts'
import type { Registration } from './shadow-admission.ts'
import { ShadowSide } from './shadow-side.ts'

/** How long a switch waits until the shadow has everything. */
const replicationWaitMs = 5_000

/**
 * The pair of a master and its shadow (guide L28733): which of them this instance is, and how that changes. The role
 * itself is part of the stored configuration; this class follows it.
 */
export class HighAvailability {
  readonly master: MasterSide
  readonly shadow: ShadowSide
  readonly #options: PairOptions
  readonly #access: PairAccess
  readonly #probe: RivalProbe
  readonly #stopListening: () => void
  #role: HaRole

  constructor(options: PairOptions) {
    this.#options = options
    this.#access = new PairAccess(options)
    this.master = new MasterSide(this.#access)
    this.shadow = new ShadowSide(this.#access, (reason, term) => this.#becomeMaster(reason, term))
    this.#probe = new RivalProbe(this.#access, {
      isDue: () => this.master.isActive && !this.master.isShadowPresent,
      ownStatus: () => this.ownStatus(),
      met: (told, other) => this.#met(told, other),
    })
    this.#role = 'undefined'
    this.#stopListening = options.store.onChange((current) => this.#follow(current.settings.haRole))
  }

  /** A former master asks first whether the other one has its role by now (guide L28886); MUST precede its tunnels. */
  async start(): Promise<void> {
    const { haRole, haPeer } = this.#access.settings
    if (haRole === 'master' && haPeer?.isJoined) await this.#probe.ask()
    this.#follow(this.#access.settings.haRole)
  }

  close(): void {
    this.#access.close()
    this.#stopListening()
    this.#stopDuties()
  }

  /**
   * Gives the role to the shadow; open requests break. With force even to one that does not answer.
   * @throws PlatformError CONNECTOR_HA_STATE
   */
  async switchRoles(actor: string, isForced: boolean): Promise<void> {
    const { state } = this.master.state()
    const canForce = this.#access.settings.haPeer?.isJoined === true && state !== 'BINDING'
    if (state !== 'CONNECTED' && !(isForced && canForce)) throw stateRefusal(state, 'no shadow is connected')
    if (!isForced && !(await this.master.isReplicated(replicationWaitMs)))
      throw stateRefusal(state, 'the shadow does not have the latest configuration yet')
    await this.#becomeShadow(actor, true, isForced ? 'forced switch' : 'switch')
  }

  /**
   * A shadow wants the place, and is told how this instance is.
   * @throws PlatformError CONNECTOR_HA_STATE, CONNECTOR_NOT_MASTER, REQUEST_INVALID
   */
  async acceptShadow(wanted: Registration, remoteAddress: string, actor: string): Promise<PeerStatus> {
    await this.master.acceptShadow(wanted, remoteAddress, actor)
    return this.ownStatus()
  }

  /** The other instance tells how it is, and is told the same. @throws PlatformError CONNECTOR_HA_STATE */
  async acceptStatus(told: PeerStatus, remoteAddress: string): Promise<PeerStatus> {
    const { haPeer } = this.#access.settings
    if (haPeer === undefined) throw stateRefusal('ALONE', 'there is no other instance')
    if (this.master.isActive && told.role === 'shadow') await this.master.acceptStatus(told, remoteAddress)
    const status = this.ownStatus()
    await this.#met(told, haPeer)
    return status
  }

  ownStatus(): PeerStatus {
    const ofShadow = this.shadow.status()
    if (ofShadow !== undefined) return ofShadow
    const { role, term } = ownStanding(this.#options.store.current)
    const { position } = this.master
    return { role, term, version: this.#options.version, ...(position === undefined ? {} : { position }) }
  }

  #follow(role: HaRole): void {
    if (role === this.#role) return
    this.#role = role
    this.#stopDuties()
    this.#options.log.info('ha.role', { role })
    if (role === 'master') {
      this.master.start()
      this.#probe.start()
    } else if (role === 'shadow' && this.#access.settings.haPeer?.isJoined) this.shadow.start()
  }

  #stopDuties(): void {
    this.#probe.stop()
    this.master.stop()
    this.shadow.stop()
  }

  /** What the other instance says may mean that this one is master no longer. */
  async #met({ role, term }: PeerStatus, { certificate }: HaPeer): Promise<void> {
    const own = ownStanding(this.#options.store.current)
    if (own.role !== 'master') return
    const other = { role, term, fingerprint: fingerprintOf(certificate) ?? '' }
    if (meet(own, other) !== 'step-down') return
    await this.#becomeShadow('system', false, 'the other instance is master').catch((failure: unknown) => {
      this.#options.log.error('ha.step-down.failed', {}, failure)
    })
  }

  async #becomeMaster(reason: string, termOfOther: number): Promise<void> {
    await this.#options.store.change('system', (current) => {
      if (current.settings.haRole !== 'shadow') throw stateRefusal(current.settings.haRole, 'it is no shadow')
      return {
        next: formerShadow(current, termOfOther),
        audit: roleChange('master', reason),
        result: undefined,
      }
    })
    this.#options.log.warn('ha.taken-over', { reason })
  }

  async #becomeShadow(actor: string, isHandedOver: boolean, reason: string): Promise<void> {
    await this.#options.store.change(actor, (current) => {
      const { haRole, haPeer } = current.settings
      if (haRole !== 'master' || haPeer === undefined) throw stateRefusal(haRole, 'it is no master with a shadow')
      return {
        next: formerMaster(current, haPeer, isHandedOver),
        audit: roleChange('shadow', reason),
        result: undefined,
      }
    })
    this.#options.log.warn('ha.stepped-down', { reason })
  }
}
