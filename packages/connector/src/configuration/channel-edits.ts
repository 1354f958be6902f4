import { PlatformError } from '@landbridge/kernel'
import type { ConnectorConfiguration, Subaccount } from './model.ts'
import type { ServiceChannel } from './service-channel.ts'
import { withEntry, withoutEntry, withSubaccount } from './subaccount-edits.ts'

/** @throws PlatformError CONNECTOR_CHANNEL_NOT_FOUND */
export function channelOf(subaccount: Subaccount, id: number): ServiceChannel {
  const channel = subaccount.channels.get(id)
  if (channel === undefined) throw new PlatformError('CONNECTOR_CHANNEL_NOT_FOUND', { channel: id })
  return channel
}

/** The ID of the next channel of this connector. */
export function nextChannelId({ settings }: ConnectorConfiguration): number {
  return (settings.lastChannelId ?? 0) + 1
}

/** Adds a channel whose ID is `nextChannelId`; the ID is used up even if the channel goes. */
export function addChannel(
  configuration: ConnectorConfiguration,
  subaccount: Subaccount,
  channel: ServiceChannel,
): ConnectorConfiguration {
  const next = withSubaccount(configuration, withChannel(subaccount, channel))
  return { ...next, settings: { ...next.settings, lastChannelId: channel.id } }
}

/** Puts a new version of a channel into its place. */
export function withChannel(subaccount: Subaccount, channel: ServiceChannel): Subaccount {
  return { ...subaccount, channels: withEntry(subaccount.channels, channel.id, channel) }
}

/** @throws PlatformError CONNECTOR_CHANNEL_NOT_FOUND */
export function removeChannel(subaccount: Subaccount, id: number): Subaccount {
  channelOf(subaccount, id)
  return { ...subaccount, channels: withoutEntry(subaccount.channels, id) }
}

/** Removes the channels that `isMeant` picks, possibly none. */
export function removeChannels(subaccount: Subaccount, isMeant: (channel: ServiceChannel) => boolean): Subaccount {
  const channels = new Map([...subaccount.channels].filter(([, channel]) => !isMeant(channel)))
  return { ...subaccount, channels }
}
