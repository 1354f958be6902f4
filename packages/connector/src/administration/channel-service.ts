import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { channelFailureText } from '../channels/channel-requests.ts'
import { type ChannelStatus, noChannel } from '../channels/channel-spec.ts'
import type { AvailableService } from '../channels/service-questions.ts'
import { channelOf, withChannel } from '../configuration/channel-edits.ts'
import type { Subaccount } from '../configuration/model.ts'
import { type ChannelType, type ServiceChannel, toChannelSpec } from '../configuration/service-channel.ts'
import type { AuditEvent, ConfigurationStore } from '../configuration/store-port.ts'
import { subaccountOf, withSubaccount } from '../configuration/subaccount-edits.ts'
import type { ConnectorRuntime } from '../runtime-port.ts'

export interface ChannelServiceOptions {
  readonly store: ConfigurationStore
  readonly runtime: ConnectorRuntime
  readonly clock: Clock
  readonly log: Log
  /** Longest wait for a channel before an operation answers with the state reached. */
  readonly settleTimeoutMs: number
}

type SubaccountAddress = Pick<Subaccount, 'regionHost' | 'subaccountId'>

/** Enabling and disabling service channels, and how they are doing. */
export class ChannelService {
  readonly #options: ChannelServiceOptions

  constructor(options: ChannelServiceOptions) {
    this.#options = options
  }

  status({ subaccountId, regionHost, channels }: Subaccount, id: number): ChannelStatus {
    if (channels.get(id)?.enabled !== true) return noChannel
    return this.#options.runtime.channelStatus(subaccountId, regionHost, id)
  }

  /**
   * Opens the channel, then stores the wish: what cannot be opened stays disabled (guide L25809).
   * @throws PlatformError CONNECTOR_CHANNEL_NOT_OPENED with the reason, CONNECTOR_CHANNEL_NOT_FOUND, STORE_*
   */
  async enable(actor: string, { regionHost, subaccountId }: SubaccountAddress, id: number): Promise<void> {
    const { store, runtime, log } = this.#options
    const channel = channelOf(subaccountOf(store.current, regionHost, subaccountId), id)
    if (channel.enabled) return
    try {
      await runtime.openChannel(subaccountId, regionHost, toChannelSpec(channel))
    } catch (failure) {
      const reason = channelFailureText(failure)
      log.warn('channel.not-opened', { subaccountId, regionHost, channel: id, reason })
      throw new PlatformError('CONNECTOR_CHANNEL_NOT_OPENED', { channel: id, reason }, { cause: failure })
    }
    try {
      await this.#setEnabled(actor, { regionHost, subaccountId }, id, true)
    } catch (failure) {
      runtime.abandonChannel(subaccountId, regionHost, id)
      throw failure
    }
  }

  /** @throws PlatformError CONNECTOR_CHANNEL_NOT_FOUND, STORE_* */
  async disable(actor: string, address: SubaccountAddress, id: number): Promise<void> {
    const subaccount = subaccountOf(this.#options.store.current, address.regionHost, address.subaccountId)
    if (channelOf(subaccount, id).enabled) await this.#setEnabled(actor, address, id, false)
  }

  /** What new channels of a type could lead to. @throws PlatformError CONNECTOR_CLOUD_LIST_UNAVAILABLE */
  async available({ subaccountId, regionHost }: Subaccount, type: ChannelType): Promise<readonly AvailableService[]> {
    try {
      return await this.#options.runtime.availableServices(subaccountId, regionHost, type)
    } catch (cause) {
      const reason = channelFailureText(cause)
      throw new PlatformError('CONNECTOR_CLOUD_LIST_UNAVAILABLE', { type, reason }, { cause })
    }
  }

  /** Waits until a changed channel works again or has failed, a bounded time; neither is an error. */
  async settle({ regionHost, subaccountId }: SubaccountAddress, id: number): Promise<void> {
    const { runtime, clock, settleTimeoutMs } = this.#options
    let cancel = (): void => {}
    const timeUp = new Promise<void>((resolve) => {
      cancel = clock.after(settleTimeoutMs, resolve)
    })
    await Promise.race([runtime.channelSettled(subaccountId, regionHost, id), timeUp]).finally(cancel)
  }

  async #setEnabled(actor: string, address: SubaccountAddress, id: number, enabled: boolean): Promise<void> {
    const { regionHost, subaccountId } = address
    await this.#options.store.change(actor, (current) => {
      const subaccount = subaccountOf(current, regionHost, subaccountId)
      const channel = channelOf(subaccount, id)
      return {
        next: withSubaccount(current, withChannel(subaccount, { ...channel, enabled })),
        audit: {
          ...channelEvent('update', channel),
          subaccount: `${subaccountId}@${regionHost}`,
          details: { enabled },
        },
        result: undefined,
      }
    })
  }
}

/** A change of a channel, for the audit trail. */
export function channelEvent(
  action: AuditEvent['action'],
  { id, target, port }: Pick<ServiceChannel, 'id' | 'target' | 'port'>,
): Pick<AuditEvent, 'category' | 'action' | 'object'> {
  return { category: 'ServiceChannelConfiguration', action, object: `${target.type} ${id} (port ${port})` }
}
