import { X509Certificate } from 'node:crypto'
import { isHttp, isRfc } from '@landbridge/access'
import type { Subaccount } from '../configuration/model.ts'
import type { HttpsProxy, TunnelStatus } from '../runtime-port.ts'

/** As the icons of the original show it (guide L18880): grey where there is nothing to show. */
export interface Light {
  readonly status: 'green' | 'yellow' | 'red' | 'grey'
  /** What the colour is due to; absent where everything is well. */
  readonly cause?: string
}

/** Failures of the way out, as `TunnelStatus` and the last request to a region tell them. */
export interface WayFailure {
  readonly code: string
  readonly reason: string
}

export type SubaccountState = 'connected' | 'disconnected' | 'connecting' | 'failed'

export interface SubaccountOverview {
  readonly state: SubaccountState
  /** Whether anything at all can be reached through the tunnel. */
  readonly hasActiveResources: boolean
  readonly regionHost: Light
  readonly httpsProxy: Light
  readonly subaccountCertificate: Light
}

/** How long before its end a certificate turns yellow unless told otherwise (guide L29957), in days. */
export const certificateAlertDays = 30
const dayMs = 86_400_000

/** What the dashboard and the overview show of a subaccount. */
export function overviewOf(
  subaccount: Subaccount,
  tunnel: TunnelStatus,
  at: { readonly proxy: HttpsProxy | undefined; readonly nowMs: number; readonly alertDays?: number },
): SubaccountOverview {
  const state = stateOf(subaccount, tunnel)
  return {
    state,
    hasActiveResources: hasActiveResources(subaccount),
    regionHost: regionLight(state, tunnel),
    httpsProxy: proxyLight(at.proxy, state, tunnel.failure),
    subaccountCertificate: certificateLight(subaccount.certificate, at.nowMs, at.alertDays ?? certificateAlertDays),
  }
}

function stateOf({ connected }: Subaccount, { state }: TunnelStatus): SubaccountState {
  if (!connected) return 'disconnected'
  if (state === 'Connected') return 'connected'
  return state === 'ConnectFailure' ? 'failed' : 'connecting'
}

/** Systems of a protocol without resources are exposed by their mapping alone. */
function hasActiveResources({ mappings }: Subaccount): boolean {
  return [...mappings.values()].some(
    ({ protocol, resources }) => !(isHttp(protocol) || isRfc(protocol)) || resources.some(({ enabled }) => enabled),
  )
}

function regionLight(state: SubaccountState, { failure }: TunnelStatus): Light {
  if (state === 'connected') return { status: 'green' }
  if (state === 'disconnected') return { status: 'grey', cause: 'disconnected by an administrator' }
  if (failure === undefined) return { status: 'yellow', cause: 'connecting' }
  const cause = failure.reason
  if (isOfProxy(failure)) return { status: 'yellow', cause: 'not known while the HTTPS proxy opens no connection' }
  // Reached, but it refuses or broke off: not the region host is to blame.
  const isReached = !failure.code.startsWith('CLOUD_')
  return { status: isReached || isLate(failure) ? 'yellow' : 'red', cause }
}

/** @param failure of the last attempt to go through the proxy; absent when it went well or there was none. */
export function proxyLight(
  proxy: HttpsProxy | undefined,
  state: SubaccountState | undefined,
  failure: WayFailure | undefined,
): Light {
  if (proxy === undefined) return { status: 'grey', cause: 'no proxy is configured' }
  if (failure !== undefined && isOfProxy(failure))
    return { status: isLate(failure) ? 'yellow' : 'red', cause: failure.reason }
  // Whoever got as far as the cloud side, or a refusal by it, went through the proxy.
  if (state === 'connected' || failure !== undefined) return { status: 'green' }
  return { status: 'yellow', cause: 'not used yet' }
}

function isOfProxy({ code }: WayFailure): boolean {
  return code === 'PROXY_REFUSED' || code === 'PROXY_UNREACHABLE' || code === 'CONNECTOR_PROXY_REFUSED'
}

function isLate({ reason }: WayFailure): boolean {
  return reason.includes('no answer in time')
}

function certificateLight(pem: string, nowMs: number, alertDays: number): Light {
  const { validFromDate, validToDate } = new X509Certificate(pem)
  const leftMs = validToDate.getTime() - nowMs
  if (leftMs <= 0) return { status: 'red', cause: `expired on ${validToDate.toISOString()}: refresh the certificate` }
  if (validFromDate.getTime() > nowMs)
    return { status: 'red', cause: `valid from ${validFromDate.toISOString()} on: check the clock of this machine` }
  if (leftMs > alertDays * dayMs) return { status: 'green' }
  const days = Math.ceil(leftMs / dayMs)
  return { status: 'yellow', cause: `expires in ${days} ${days === 1 ? 'day' : 'days'}: refresh the certificate` }
}
