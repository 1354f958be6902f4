import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { SubaccountLink } from '../link/subaccount-link.ts'
import { ChannelRunner } from './channel-runner.ts'
import { type ChannelSpec, type ChannelStatus, noChannel, sameChannel } from './channel-spec.ts'

export interface SubaccountChannelsOptions {
  readonly bindAddress: string
  readonly clock: Clock
  readonly log: Log
}

/** The service channels of one subaccount: those that the configuration wants, and those that are being enabled. */
export class SubaccountChannels {
  readonly #options: SubaccountChannelsOptions
  readonly #runners: Map<number, ChannelRunner>
  /** Opened, but not yet part of the configuration: a change elsewhere must not end them. */
  readonly #opening: Map<number, Promise<void>>
  #link: SubaccountLink | null

  constructor(options: SubaccountChannelsOptions) {
    this.#options = options
    this.#runners = new Map()
    this.#opening = new Map()
    this.#link = null
  }

  /** Brings the channels in line with the configuration. Without a link, the subaccount is disconnected: none is open. */
  apply(specs: readonly ChannelSpec[], link: SubaccountLink | null): void {
    if (link === null) return this.close()
    const isOtherLink = this.#link !== link && this.#link !== null
    this.#link = link
    const wanted = new Map(specs.map((spec) => [spec.id, spec]))
    // First what goes: its port may be wanted by what comes.
    for (const [id, runner] of this.#runners)
      if (!wanted.has(id) && !this.#opening.has(id)) {
        runner.close()
        this.#runners.delete(id)
      }
    if (isOtherLink) for (const runner of this.#runners.values()) runner.renew()
    for (const spec of specs) {
      this.#opening.delete(spec.id)
      const runner = this.#runners.get(spec.id)
      if (runner === undefined) this.#start(spec).keepUp()
      else if (!sameChannel(runner.spec, spec)) runner.configure(spec)
    }
  }

  /** The control session stands: what waited for it can be opened. */
  connected(): void {
    for (const runner of this.#runners.values()) runner.keepUp()
  }

  /**
   * Opens a channel before the configuration has it, which `apply` or `abandon` settles. One that is open stays as it is.
   * @throws PlatformError when it cannot be opened: nothing of it is left then
   */
  open(spec: ChannelSpec): Promise<void> {
    const opening = this.#opening.get(spec.id)
    if (opening !== undefined) return opening
    if (this.#runners.has(spec.id)) return Promise.resolve()
    if (this.#link === null) return Promise.reject(new PlatformError('CHANNEL_CLOUD_AWAY'))
    const runner = this.#start(spec)
    const opened = runner.open().catch((failure: unknown) => {
      runner.close()
      if (this.#runners.get(spec.id) === runner) {
        this.#runners.delete(spec.id)
        this.#opening.delete(spec.id)
      }
      throw failure
    })
    this.#opening.set(spec.id, opened)
    return opened
  }

  /** The configuration will not have it after all. */
  abandon(id: number): void {
    if (!this.#opening.delete(id)) return
    this.#runners.get(id)?.close()
    this.#runners.delete(id)
  }

  status(id: number): ChannelStatus {
    return this.#runners.get(id)?.status() ?? noChannel
  }

  settled(id: number): Promise<void> {
    return this.#runners.get(id)?.settled() ?? Promise.resolve()
  }

  close(): void {
    this.#link = null
    for (const runner of this.#runners.values()) runner.close()
    this.#runners.clear()
    this.#opening.clear()
  }

  #start(spec: ChannelSpec): ChannelRunner {
    const runner = new ChannelRunner(spec, {
      ...this.#options,
      dial: (wanted, events) => {
        if (this.#link === null) return Promise.reject(new PlatformError('CHANNEL_CLOUD_AWAY'))
        return this.#link.openChannel(wanted, events)
      },
    })
    this.#runners.set(spec.id, runner)
    return runner
  }
}
