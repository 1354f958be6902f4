import { PlatformError } from '@landbridge/kernel'
import type { ChannelSpec } from '../channels/channel-spec.ts'

/** Kinds of service channels (guide L25090); `ABAPCloudSNC` is one of later versions. */
export const channelTypes = ['HANA', 'VirtualMachine', 'ABAPCloud', 'ABAPCloudSNC', 'K8S'] as const
export type ChannelType = (typeof channelTypes)[number]

/** Which endpoint on the cloud side a channel leads to; texts exactly as entered. */
export type ChannelTarget =
  | { readonly type: 'HANA'; readonly hanaInstanceName: string; readonly instanceNumber: number }
  | { readonly type: 'VirtualMachine'; readonly name: string; readonly endpointId: string }
  | {
      readonly type: 'ABAPCloud' | 'ABAPCloudSNC'
      readonly abapCloudTenantHost: string
      readonly instanceNumber: number
    }
  | { readonly type: 'K8S'; readonly k8sCluster: string; readonly k8sService: string }

/** A local TCP port of the connector that leads to an endpoint on the cloud side. */
export interface ServiceChannel {
  /** From 1, unique among all channels of the connector, never used again. */
  readonly id: number
  readonly target: ChannelTarget
  readonly port: number
  /** The administrator's wish; it survives restarts. */
  readonly enabled: boolean
  /** Most physical connections. */
  readonly connections: number
  readonly comment: string
}

/**
 * The port that an instance number stands for: `3<nn>15` for HANA (guide L27411), `33<nn>` for ABAP (guide L27520) and
 * `48<nn>` for ABAP with SNC.
 * @throws PlatformError REQUEST_INVALID
 */
export function portOfInstance(type: 'HANA' | 'ABAPCloud' | 'ABAPCloudSNC', instanceNumber: number): number {
  const least = type === 'HANA' ? 1 : 0
  if (!Number.isInteger(instanceNumber) || instanceNumber < least || instanceNumber > 99)
    throw new PlatformError('REQUEST_INVALID', {
      field: 'instanceNumber',
      reason: `instanceNumber must be a number from ${least} to 99`,
    })
  if (type === 'HANA') return 30_015 + instanceNumber * 100
  return (type === 'ABAPCloud' ? 3_300 : 4_800) + instanceNumber
}

/** What the running side needs to know of a channel. */
export function toChannelSpec({ id, target, port, connections }: ServiceChannel): ChannelSpec {
  return { id, kind: target.type, ...addressOf(target), port, connections }
}

function addressOf(target: ChannelTarget): { readonly host: string; readonly service: string } {
  switch (target.type) {
    case 'K8S':
      return { host: target.k8sCluster, service: target.k8sService }
    case 'HANA':
      return { host: '', service: target.hanaInstanceName }
    case 'VirtualMachine':
      return { host: '', service: target.endpointId }
    default:
      return { host: '', service: target.abapCloudTenantHost }
  }
}
