import { type ChannelStatus, type ChannelType, type Subaccount, type TunnelStatus, wayOf } from '@landbridge/connector'
import { certificateJson } from './certificate-json.ts'
import { detailsOf } from './legacy-channel-json.ts'
import { type Link, type Links, subaccountPath } from './links.ts'

/** How the types of service channels are called in a subaccount's status (guide L23912). */
const channelNames: Readonly<Record<ChannelType, string>> = {
  HANA: 'HANA database',
  VirtualMachine: 'Virtual Machine',
  ABAPCloud: 'RFC',
  ABAPCloudSNC: 'RFC',
  K8S: 'K8S',
}

/** The whole subaccount; the order of the members is the recorded one. */
export function subaccountJson(
  subaccount: Subaccount,
  status: TunnelStatus,
  channelStatus: (id: number) => ChannelStatus,
  links: Links,
): object {
  return {
    description: subaccount.description,
    displayName: subaccount.displayName === '' ? subaccount.subaccountId : subaccount.displayName,
    autoCertRenewal: subaccount.autoCertRenewal,
    tunnel: tunnelJson(subaccount, status, channelStatus),
    isManaged: subaccount.isManaged,
    _links: subaccountLinks(subaccount, links),
    regionHost: subaccount.regionHost,
    subaccount: subaccount.subaccountId,
    locationID: subaccount.locationId,
    ...recoveryJson(subaccount),
  }
}

/** The recovery subaccount, if there is one (guide L23886, L29401). */
export function recoveryJson({ recovery }: Subaccount): object {
  if (recovery === undefined) return {}
  const { isActive, regionHost, user, certificate } = recovery
  return { recoveryAccountState: { isActive, regionHost, user, subaccountCertificate: certificateJson(certificate) } }
}

/** How the subaccount is connected at this moment; configuration and monitoring show the same. */
export function tunnelJson(
  subaccount: Subaccount,
  status: TunnelStatus,
  channelStatus: (id: number) => ChannelStatus,
): object {
  return {
    state: status.state,
    connectedSinceTimeStamp: status.state === 'Connected' ? status.connectedSinceMs : 0,
    connections: status.connections,
    applicationConnections: status.applicationConnections.map(({ connectionCount, name, type }) => ({
      connectionCount,
      name,
      type,
    })),
    serviceChannels: Array.from(subaccount.channels.values())
      .filter((channel) => channel.enabled)
      .map((channel) => ({
        type: channelNames[channel.target.type],
        state: channelStatus(channel.id).connected ? 'Connected' : 'Disconnected',
        details: `${channel.port}: ${detailsOf(channel)}`,
        comment: channel.comment,
      })),
    subaccountCertificate: certificateJson(wayOf(subaccount).certificate),
    user: wayOf(subaccount).user,
  }
}

/** What a list shows of a subaccount. */
export function subaccountItemJson(subaccount: Subaccount, links: Links): object {
  return {
    _links: subaccountLinks(subaccount, links),
    regionHost: subaccount.regionHost,
    subaccount: subaccount.subaccountId,
    locationID: subaccount.locationId,
  }
}

/** The same without the texts that nobody has set (guide L23705, L23745). */
export function withoutUnset(json: object, { locationId, displayName, description }: Subaccount): object {
  const texts: Readonly<Record<string, string>> = { locationID: locationId, displayName, description }
  return Object.fromEntries(Object.entries(json).filter(([name]) => texts[name] !== ''))
}

function subaccountLinks(subaccount: Subaccount, links: Links): Readonly<Record<string, Link>> {
  const self = subaccountPath(subaccount.regionHost, subaccount.subaccountId)
  return {
    'ABAPCloud-channels': links.link(`${self}/channels/ABAPCloud`),
    'HANA-channels': links.link(`${self}/channels/HANA`),
    systemMappings: links.link(`${self}/systemMappings`),
    self: links.link(self),
    'K8S-channels': links.link(`${self}/channels/K8S`),
    validity: links.link(`${self}/validity`),
    state: links.link(`${self}/state`),
    'VirtualMachine-channels': links.link(`${self}/channels/VirtualMachine`),
    domainMappings: links.link(`${self}/domainMappings`),
  }
}
