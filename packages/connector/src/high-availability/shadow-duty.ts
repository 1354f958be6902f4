import { waitUntil } from '../administration/wait-until.ts'
import { firstTerm, type HaPeer } from '../configuration/high-availability-settings.ts'
import { askPeer, type PeerAnswer, type PeerCall } from './ask-peer.ts'
import { meet } from './meeting.ts'
import {
  identityOf,
  isSamePosition,
  ownStanding,
  type PairOptions,
  type PeerStatus,
  type Position,
  readPosition,
  readStatus,
} from './pair-options.ts'
import { fingerprintOf } from './peer-proof.ts'
import { decodeReplica, withReplica } from './replica.ts'
import { refusalText, shadowSettings, shadowStatus } from './shadow-status.ts'

/** States of a shadow (guide L22090). */
export type ShadowState = 'INITIAL' | 'DISCONNECTED' | 'DISCONNECTING' | 'HANDSHAKE' | 'INITSYNC' | 'READY' | 'LOST'

/** While the master does not answer it is asked this often. */
const retryMs = 1_000
/** Longer than a master lets its shadow wait. */
const watchMs = 30_000

export interface ShadowDutyOptions extends PairOptions {
  /** The role is this instance's now: store it. Rejects when that fails. */
  readonly takeOver: (reason: string, termOfOther: number) => Promise<void>
}

/** What a shadow does while it belongs to a master: it copies the configuration, and checks that the master lives. */
export class ShadowDuty {
  readonly #options: ShadowDutyOptions
  readonly #stopped: AbortController
  #state: ShadowState
  #message: string | undefined
  #applied: Position | undefined
  /** Since when the master has had a version that is not here. */
  #behindSinceMs: number | undefined
  #problem: string | undefined
  /** This process has had everything that the master had: only then may it take over. */
  #wasReady: boolean
  #lostSinceMs: number | undefined
  #isChecking: boolean
  #isWatching: boolean
  #cancelCheck: () => void

  constructor(options: ShadowDutyOptions) {
    this.#options = options
    this.#stopped = new AbortController()
    this.#state = 'HANDSHAKE'
    this.#message = undefined
    this.#applied = undefined
    this.#behindSinceMs = undefined
    this.#problem = undefined
    this.#wasReady = false
    this.#lostSinceMs = undefined
    this.#isChecking = false
    this.#isWatching = false
    this.#cancelCheck = () => {}
  }

  get state(): ShadowState {
    return this.#state
  }

  get message(): string | undefined {
    return this.#message
  }

  start(): void {
    void this.#check()
  }

  stop(): void {
    this.#stopped.abort()
    this.#cancelCheck()
  }

  /** What this shadow tells its master. */
  status(): PeerStatus {
    return {
      ...shadowStatus(this.#options),
      ...(this.#applied === undefined ? {} : { position: this.#applied }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    }
  }

  async #check(): Promise<void> {
    if (this.#isChecking || this.#isStopped) return
    this.#isChecking = true
    this.#cancelCheck()
    let nextMs: number
    try {
      const answer = await this.#ask('status', this.status(), shadowSettings(this.#options).requestTimeoutInMillis)
      if (this.#isStopped) return
      nextMs = await this.#judge(answer)
    } catch (failure) {
      this.#options.log.error('ha.check.failed', {}, failure)
      nextMs = retryMs
    } finally {
      this.#isChecking = false
    }
    if (this.#isStopped) return
    this.#cancelCheck = this.#options.clock.after(nextMs, () => void this.#check())
  }

  /** Returns when to look again. */
  async #judge(answer: PeerAnswer): Promise<number> {
    const { checkIntervalInSeconds, takeoverDelayInSeconds } = shadowSettings(this.#options)
    const intervalMs = Math.max(retryMs, checkIntervalInSeconds * 1_000)
    // A master that refuses lives: no reason to take its role.
    if (answer.kind === 'untrusted') return this.#refused(answer.reason, intervalMs)
    if (answer.kind === 'answer') {
      if (answer.status !== 200)
        return this.#refused(refusalText(answer.status, answer.body), answer.status === 503 ? retryMs : intervalMs)
      await this.#met(readStatus(answer.body), answer.certificate)
      return intervalMs
    }
    const now = this.#options.clock.now()
    if (this.#lostSinceMs === undefined) this.#lose(`the master does not answer: ${answer.reason}`)
    this.#lostSinceMs ??= now
    const leftMs = this.#lostSinceMs + takeoverDelayInSeconds * 1_000 - now
    if (leftMs > 0) return Math.min(retryMs, leftMs)
    await this.#tryTakeOver()
    return retryMs
  }

  async #met(other: PeerStatus, certificate: string): Promise<void> {
    const { store, takeOver, log } = this.#options
    this.#lostSinceMs = undefined
    this.#compare(other.position)
    const standing = { role: other.role, term: other.term, fingerprint: fingerprintOf(certificate) ?? '' }
    if (meet(ownStanding(store.current), standing) === 'take-over')
      return await takeOver('the master gave its role away', other.term.number)
    if (other.role === 'shadow') return this.#lose('the other instance is a shadow, too')
    if (this.#state === 'LOST') log.info('ha.master.found')
    this.#settle()
    this.#watch()
  }

  /** Lagging is normal while changes come; lagging for long means that copying does not work. */
  #compare(latest: Position | undefined): void {
    const now = this.#options.clock.now()
    if (latest === undefined || isSamePosition(this.#applied, latest)) this.#behindSinceMs = undefined
    else this.#behindSinceMs ??= now
    if (this.#behindSinceMs !== undefined && now - this.#behindSinceMs > 2 * this.#intervalMs)
      this.#problem ??= 'the configuration of the master could not be copied'
  }

  /** The state that follows from what has been copied. */
  #settle(): void {
    if (this.#applied !== undefined && this.#problem === undefined) {
      this.#state = 'READY'
      this.#message = undefined
      this.#wasReady = true
    } else {
      this.#state = 'INITSYNC'
      this.#message = this.#problem
    }
  }

  #lose(reason: string): void {
    if (this.#message !== reason) this.#options.log.warn('ha.master.lost', { reason })
    this.#state = 'LOST'
    this.#message = reason
  }

  #refused(reason: string, intervalMs: number): number {
    this.#lostSinceMs = undefined
    this.#lose(reason)
    return intervalMs
  }

  /** Copies what changes, until the connection breaks. */
  #watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    void this.#follow().finally(() => {
      this.#isWatching = false
    })
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options
    while (!this.#isStopped) {
      const startedMs = clock.now()
      const position = this.#applied === undefined ? {} : { position: this.#applied }
      const answer = await this.#ask('watch', position, watchMs)
      if (this.#isStopped) return
      const isChange = answer.kind === 'answer' && answer.status === 200 && answer.body.configuration !== undefined
      if (isChange && (await this.#copy(answer.body))) continue
      // Nothing new, a broken connection or a full disk: the check finds out which.
      const isEarly = clock.now() - startedMs < retryMs
      this.#cancelCheck()
      if (isEarly && answer.kind !== 'answer') this.#cancelCheck = clock.after(retryMs, () => void this.#check())
      else if (isChange) this.#cancelCheck = clock.after(this.#intervalMs, () => void this.#check())
      else queueMicrotask(() => void this.#check())
      return
    }
  }

  /** Stores a version of the master as a whole. */
  async #copy(body: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { store, log } = this.#options
    try {
      const position = readPosition(body.position)
      const replica = decodeReplica(body.configuration)
      const term = typeof body.term === 'number' ? body.term : (store.current.settings.haTerm ?? firstTerm).number
      await store.adopt('master', (current) => {
        if (this.#isStopped) throw new TypeError('this instance is no longer the shadow of that master')
        const next = withReplica(current, replica)
        const haTerm = { number: term, isHandedOver: false }
        const isSameTerm = current.settings.haTerm?.number === term && !current.settings.haTerm.isHandedOver
        return { next: isSameTerm ? next : { ...next, settings: { ...next.settings, haTerm } } }
      })
      this.#applied = position
      this.#behindSinceMs = undefined
      this.#problem = undefined
    } catch (failure) {
      if (this.#isStopped) return false
      const text = `the configuration of the master could not be stored: ${failure instanceof Error ? failure.message : ''}`
      if (this.#problem === undefined) log.error('ha.replication.failed', { reason: text }, failure)
      this.#problem = text
    }
    this.#settle()
    return this.#problem === undefined
  }

  async #tryTakeOver(): Promise<void> {
    const { tunnels, clock, tunnelTimeoutMs, takeOver, log } = this.#options
    if (!this.#wasReady) return this.#wait('it never had the whole configuration since it started')
    if (this.#problem !== undefined) return this.#wait('its configuration differs from the one of the master')
    if (!tunnels.isAnyWanted()) return this.#wait('there is no subaccount to connect')
    log.warn('ha.takeover.tried')
    tunnels.tryOpen()
    try {
      const isOpen = await waitUntil(clock, tunnelTimeoutMs, () => this.#isStopped || tunnels.isAnyConnected())
      if (this.#isStopped) return
      if (!isOpen) return this.#wait('no subaccount could be connected')
      await takeOver('the master does not answer', ownStanding(this.#options.store.current).term.number)
    } finally {
      tunnels.endTry()
    }
  }

  #wait(reason: string): void {
    const text = `the master does not answer, and this shadow does not take over: ${reason}`
    if (this.#message !== text) this.#options.log.warn('ha.takeover.impossible', { reason })
    this.#message = text
  }

  #ask(operation: PeerCall['operation'], body: object, answerTimeoutMs: number): Promise<PeerAnswer> {
    const { store, clock } = this.#options
    const peer: HaPeer | undefined = store.current.settings.haPeer
    if (peer === undefined) return Promise.resolve({ kind: 'untrusted', reason: 'this shadow has no master' })
    const fingerprint = fingerprintOf(peer.certificate) ?? ''
    return askPeer({
      host: peer.host,
      port: peer.port,
      operation,
      body,
      identity: identityOf(store.current),
      fingerprint,
      connectTimeoutMs: shadowSettings(this.#options).connectTimeoutInMillis,
      answerTimeoutMs,
      clock,
      signal: this.#stopped.signal,
    })
  }

  get #intervalMs(): number {
    return Math.max(retryMs, shadowSettings(this.#options).checkIntervalInSeconds * 1_000)
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted
  }
}
