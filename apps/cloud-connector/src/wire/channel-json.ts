import {
  type AvailableService,
  type ChannelStatus,
  type ChannelTarget,
  type ChannelType,
  portOfInstance,
  type ServiceChannel,
  type Subaccount,
} from '@landbridge/connector'
import { type Fields, invalid } from '../body/fields.ts'
import { type Links, subaccountPath } from './links.ts'

/** A channel; `state` is there while it is enabled (guide L25183). */
export function channelJson(
  channel: ServiceChannel,
  status: ChannelStatus,
  subaccount: Subaccount,
  links: Links,
): object {
  const { type, ...target } = channel.target
  const self = channelPath(subaccount, channel)
  return {
    ...target,
    id: channel.id,
    type,
    port: channel.port,
    enabled: channel.enabled,
    connections: channel.connections,
    comment: channel.comment,
    ...(channel.enabled
      ? {
          state: {
            connected: status.connected,
            openedConnections: status.openedConnections,
            connectedSinceTimeStamp: status.connectedSinceMs,
          },
        }
      : {}),
    _links: { self: links.link(self), state: links.link(`${self}/state`) },
  }
}

/** A database that a channel could lead to (guide L25194). The cloud side knows neither its version nor its kind. */
export function databaseJson({ serviceId }: AvailableService): object {
  return { hanaInstanceName: serviceId, version: '', type: '' }
}

/** A machine that a channel could lead to (guide L25361). */
export function machineJson({ serviceId, name }: AvailableService): object {
  return { endpointId: serviceId, name }
}

export function channelPath({ regionHost, subaccountId }: Subaccount, { id, target }: ServiceChannel): string {
  return `${subaccountPath(regionHost, subaccountId)}/channels/${target.type}/${id}`
}

/** What a request says about a channel; `enabled` is not part of it, whatever the body holds. */
export type ChannelWish = Pick<ServiceChannel, 'target' | 'port' | 'connections' | 'comment'>

/** @param before the channel that is replaced; a virtual machine keeps its port if none is given (guide L25467). */
export function readChannel(fields: Fields, type: ChannelType, before?: ServiceChannel): ChannelWish {
  const rest = {
    connections: whole(fields, 'connections') ?? 1,
    comment: fields.text('comment') ?? '',
  }
  if (rest.connections < 1) throw invalid('connections', 'must be a number from 1')
  if (type === 'K8S')
    return {
      target: { type, ...readCluster(fields) },
      port: fields.port('port'),
      ...rest,
    }
  if (type === 'VirtualMachine')
    return {
      target: { type, name: fields.required('name'), endpointId: fields.required('endpointId') },
      port: before !== undefined && fields.text('port') === undefined ? before.port : fields.port('port'),
      ...rest,
    }
  const instanceNumber = whole(fields, 'instanceNumber')
  if (instanceNumber === undefined) throw invalid('instanceNumber', 'is required')
  const target: ChannelTarget =
    type === 'HANA'
      ? { type, hanaInstanceName: fields.required('hanaInstanceName'), instanceNumber }
      : { type, abapCloudTenantHost: fields.required('abapCloudTenantHost'), instanceNumber }
  return { target, port: portOfInstance(type, instanceNumber), ...rest }
}

/** The complete service string is split as the original's dialog does it (guide L27563). */
function readCluster(fields: Fields): { readonly k8sCluster: string; readonly k8sService: string } {
  const k8sCluster = fields.required('k8sCluster')
  const [, host, service] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/]+)\/([^/]+)$/i.exec(k8sCluster) ?? []
  if (fields.text('k8sService') === undefined && host !== undefined && service !== undefined)
    return { k8sCluster: host, k8sService: service }
  return { k8sCluster, k8sService: fields.required('k8sService') }
}

function whole(fields: Fields, name: string): number | undefined {
  const text = fields.text(name)
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text)) throw invalid(name, 'must be a whole number')
  return Number(text)
}
