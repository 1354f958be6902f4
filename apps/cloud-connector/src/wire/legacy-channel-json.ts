import {
  type ChannelStatus,
  type ChannelType,
  portOfInstance,
  type ServiceChannel,
  type Subaccount,
} from '@landbridge/connector'
import { type Fields, invalid } from '../body/fields.ts'
import { type ChannelWish, channelPath } from './channel-json.ts'
import type { Links } from './links.ts'

const descriptions: Readonly<Record<ChannelType, { typeKey: string; typeName: string }>> = {
  HANA: { typeKey: 'HANA_DB', typeName: 'HANA Database' },
  VirtualMachine: { typeKey: 'HCPVM', typeName: 'Virtual Machine' },
  ABAPCloud: { typeKey: 'RFC', typeName: 'ABAP Cloud System' },
  ABAPCloudSNC: { typeKey: 'RFC', typeName: 'ABAP Cloud System' },
  K8S: { typeKey: 'K8S', typeName: 'K8s Cluster' },
}

/** The obsolete shape of a channel (guide L25861); ID and links are ours, since the shape cannot be addressed without. */
export function legacyChannelJson(
  channel: ServiceChannel,
  status: ChannelStatus,
  subaccount: Subaccount,
  links: Links,
): object {
  return {
    typeDesc: descriptions[channel.target.type],
    details: detailsOf(channel),
    port: channel.port,
    enabled: channel.enabled,
    connected: status.connected,
    connectionsCount: channel.connections,
    availableConnectionsCount: status.openedConnections,
    connectedSinceTimeStamp: status.connectedSinceMs,
    id: channel.id,
    _links: { self: links.link(channelPath(subaccount, channel)) },
  }
}

/** Type of a channel as monitoring names it (guide L29490): the key is that of the typed API. */
export function channelTypeJson({ target }: ServiceChannel): object {
  return { typeKey: target.type, typeName: descriptions[target.type].typeName }
}

/** What a channel leads to, in one line. */
export function detailsOf({ target }: ServiceChannel): string {
  if (target.type === 'HANA') return target.hanaInstanceName
  if (target.type === 'VirtualMachine') return target.name
  return target.type === 'K8S' ? `${target.k8sCluster}/${target.k8sService}` : target.abapCloudTenantHost
}

/** Reads the obsolete request (guide L25944); a virtual machine has its port as service number. */
export function readLegacyChannel(fields: Fields): ChannelWish {
  const typeKey = fields.required('typeKey')
  const details = fields.required('details')
  const text = fields.required('serviceNumber')
  const count = fields.text('connectionCount') ?? '1'
  if (!/^\d{1,5}$/.test(text)) throw invalid('serviceNumber', 'must be a whole number')
  if (!/^[1-9]\d{0,4}$/.test(count)) throw invalid('connectionCount', 'must be a number from 1')
  const instanceNumber = Number(text)
  const rest = { connections: Number(count), comment: '' }
  if (typeKey === 'HANA_DB') {
    const port = portOfInstance('HANA', instanceNumber)
    return { target: { type: 'HANA', hanaInstanceName: details, instanceNumber }, port, ...rest }
  }
  if (typeKey === 'RFC') {
    const port = portOfInstance('ABAPCloud', instanceNumber)
    return { target: { type: 'ABAPCloud', abapCloudTenantHost: details, instanceNumber }, port, ...rest }
  }
  if (typeKey !== 'HCPVM') throw invalid('typeKey', 'must be HANA_DB, HCPVM or RFC')
  const target = { type: 'VirtualMachine', name: details, endpointId: details } as const
  return { target, port: fields.port('serviceNumber'), ...rest }
}
