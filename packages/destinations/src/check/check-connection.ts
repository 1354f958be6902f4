import { PlatformError } from '@landbridge/kernel'
import type { StoredDestination } from '../destination-store.ts'
import { type Properties, present } from '../properties.ts'

export interface ProbeRequest {
  readonly method: 'HEAD' | 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly destination: StoredDestination
}

/** What a probe met: a status of the target, or why there is none, in words or as a code of the way there. */
export type ProbeAnswer = { readonly status: number } | { readonly failure: string; readonly code?: string | undefined }

/** Sends one request to the target of a destination. It never rejects because of the target. */
export type Probe = (request: ProbeRequest) => Promise<ProbeAnswer>

export interface ConnectionCheck {
  readonly success: boolean
  readonly message: string
  /** Status of the target, where it answered. */
  readonly status?: number
}

export interface Probes {
  readonly internet: Probe
  /** Absent where this process knows no way through a connector. */
  readonly onPremise?: Probe
}

// The four messages of the guide (L6095-6143), word for word.
const undetermined = 'Backend status could not be determined.'
const noMapping = 'Backend is not available in the list of defined system mappings in Cloud Connector.'
const noResource = 'Resource is not accessible in Cloud Connector or backend is not reachable.'
const notReachable = 'Backend is not reachable from Cloud Connector.'

/** Error codes of the connector by what they mean here; every other code leaves the state of the backend unknown. */
const messageOfCode: Readonly<Record<string, string>> = {
  NO_SYSTEM: noMapping,
  WRONG_PROTOCOL: noMapping,
  NO_RESOURCE: noResource,
  BAD_PATH: noResource,
  BACKEND_UNREACHABLE: notReachable,
  BACKEND_UNTRUSTED: notReachable,
  BACKEND_TIMEOUT: notReachable,
  BACKEND_CLOSED: notReachable,
}

/**
 * Checks that the target of an HTTP destination can be connected to; a status below 500 is a success (guide L6043-6143).
 * It does not prove that the target works, nor that the credentials are right.
 * @throws PlatformError DESTINATION_CHECK_UNSUPPORTED for other types
 */
export async function checkConnection(destination: StoredDestination, probes: Probes): Promise<ConnectionCheck> {
  const { properties, name } = destination
  const proxyType = present(properties, 'ProxyType') ?? 'Internet'
  const url = present(properties, 'URL')
  if (properties.Type !== 'HTTP' || url === undefined || (proxyType !== 'Internet' && proxyType !== 'OnPremise'))
    throw new PlatformError('DESTINATION_CHECK_UNSUPPORTED', { name })
  if (proxyType === 'OnPremise') {
    const answer = await probeTwice(destination, url, probes.onPremise ?? unknownWay)
    if ('status' in answer && answer.status < 500) return established(name, answer.status)
    if ('status' in answer) return { success: false, message: undetermined, status: answer.status }
    return { success: false, message: messageOfCode[answer.code ?? ''] ?? undetermined }
  }
  const answer = await probeTwice(destination, url, probes.internet)
  if ('failure' in answer)
    return { success: false, message: `Could not establish a connection to "${name}": ${answer.failure}` }
  if (answer.status < 500) return established(name, answer.status)
  const message = `Connection to "${name}" failed: the target answered with status ${answer.status}`
  return { success: false, message, status: answer.status }
}

const unknownWay: Probe = async () => ({ failure: 'no way through a connector is known' })

function established(name: string, status: number): ConnectionCheck {
  return { success: true, message: `Connection to "${name}" established. Response returned: ${status}`, status }
}

/** HEAD first; where the target fails at it, GET decides: not every server knows HEAD. */
async function probeTwice(destination: StoredDestination, url: string, probe: Probe): Promise<ProbeAnswer> {
  const headers = credentialsOf(destination.properties)
  const head = await probe({ method: 'HEAD', url, headers, destination })
  return 'status' in head && head.status >= 500 ? probe({ method: 'GET', url, headers, destination }) : head
}

/** Both requests carry the user of BasicAuthentication (guide L3120-3127). */
function credentialsOf(properties: Properties): Readonly<Record<string, string>> {
  if (present(properties, 'Authentication') !== 'BasicAuthentication') return {}
  const text = `${properties.User ?? ''}:${properties.Password ?? ''}`
  return { authorization: `Basic ${Buffer.from(text, 'utf8').toString('base64')}` }
}
