import { catalogue, type ErrorCode, errorEntry, shellCommand } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import type { PlatformState } from '../state/state-file.ts'

/** A subaccount of a connector, as the connector tells it, and what to do about it. */
export interface SubaccountProbe {
  readonly regionHost: string
  readonly subaccount: string
  readonly locationID: string
  readonly state: 'connected' | 'disconnected' | 'connecting' | 'failed'
  readonly reason?: string
  readonly code?: string
  /** The next command or step; absent where nothing is to be done. */
  readonly next?: string
}

const deadlineMs = 5_000

/** The subaccounts of the connector that runs here; none when there is no connector, or it does not answer. */
export async function probeSubaccounts(
  { connector }: PlatformState,
  dataDirectory: string,
  agent: Dispatcher,
): Promise<readonly SubaccountProbe[]> {
  if (connector === undefined) return []
  try {
    const answer = await request(connector.subaccountsUrl, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${connector.token}` },
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      return []
    }
    const { subaccounts } = (await answer.body.json()) as { readonly subaccounts: readonly SubaccountProbe[] }
    return subaccounts.map((one) => {
      const next = nextStep(one, dataDirectory)
      return next === undefined ? one : { ...one, next }
    })
  } catch {
    // That it does not answer is told of the component.
    return []
  }
}

/** Whom an administrator disconnected is as wanted. */
export function isAsWanted({ state }: SubaccountProbe): boolean {
  return state === 'connected' || state === 'disconnected'
}

function nextStep(one: SubaccountProbe, dataDirectory: string): string | undefined {
  if (isAsWanted(one)) return undefined
  const { code = '', regionHost, subaccount } = one
  if (code.startsWith('CONNECTOR_CERTIFICATE_') || code === 'CONNECTOR_IDENTITY_MISMATCH')
    return shellCommand([
      ...['landbridge', 'certificates', 'refresh-connector', '--data', dataDirectory],
      ...['--region', regionHost, '--subaccount', subaccount, '--user', 'USER', '--password-file', 'FILE'],
      ...['--administrator-password-file', 'FILE'],
    ])
  if (code === 'CONNECTOR_LOCATION_TAKEN')
    return `on the cloud side: ${shellCommand(['landbridge', 'connectors', 'list', '--subaccount', subaccount])}`
  if (code === 'CLOUD_UNREACHABLE' || code.startsWith('TUNNEL_')) return 'on the cloud side: landbridge status'
  return Object.hasOwn(catalogue, code) ? errorEntry(code as ErrorCode).remedy : 'landbridge status, in a moment again'
}
