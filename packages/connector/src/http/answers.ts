import { Denial, type DenialName, denialName } from '@landbridge/access'
import { errorEntry, type PlatformError } from '@landbridge/kernel'

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

/**
 * A complete plain-text answer of the connector. `code` tells programs why, in a header that backends do not use.
 * @param text the lines of the body, without a final line feed.
 */
export function plainAnswer(status: number, code: string, text: string, withBody = true): Buffer {
  const body = `${text}\n`
  // RFC 9110 section 15.5.2: every 401 says how to authenticate; here it is the token that came beside the request.
  const challenge = status === 401 ? 'WWW-Authenticate: Bearer error="invalid_token"\r\n' : ''
  return Buffer.from(
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nX-Landbridge-Error: ${code}\r\n${challenge}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${withBody ? body : ''}`,
  )
}

export const requestCut = plainAnswer(400, 'REQUEST_CUT', 'The request ended within its head.')

export const targetMismatch = plainAnswer(
  400,
  'TARGET_MISMATCH',
  'The request is addressed to another system than its tunnel stream.',
)

export const identityFailed = plainAnswer(
  502,
  'IDENTITY_FAILED',
  'The identity of the user could not be propagated. See the log of the Cloud Connector.',
)

/** The guide's text for an unexposed system (L34186), and the same form for what else access control refuses. */
export function denialText(denial: Denial, virtualHost: string, virtualPort: number, path: string): string {
  const system = `${virtualHost}:${virtualPort}`
  const query = path.indexOf('?')
  const resource = query < 0 ? path : path.slice(0, query)
  switch (denial) {
    case Denial.NO_SYSTEM:
      return `Access denied to system ${system}: If this was a valid request, make sure you expose the system correctly in your Cloud Connector.`
    case Denial.NO_RESOURCE:
      return `Access denied to resource ${resource} on system ${system}: If this was a valid request, make sure you expose the resource correctly in your Cloud Connector.`
    case Denial.BAD_PATH:
      return `Access denied to resource ${resource} on system ${system}: The path contains dot segments, backslashes or encoded separators that could circumvent access control. Send the path in its normal form.`
    case Denial.NO_WEBSOCKET:
      return `Access denied to resource ${resource} on system ${system}: The resource does not allow the upgrade to WebSocket. If this was a valid request, allow it in your Cloud Connector.`
    case Denial.WRONG_PROTOCOL:
      return `Access denied to system ${system}: The system is exposed for another protocol. If this was a valid request, expose it for HTTP or HTTPS in your Cloud Connector.`
    default:
      return denial satisfies never
  }
}

export function denialCode(denial: Denial): DenialName {
  return denialName(denial)
}

/** Status and body for a failure that the catalogue knows: what happened, where, what to do. */
export function failureAnswer(
  failure: PlatformError,
  virtualHost: string,
  virtualPort: number,
  withBody: boolean,
): Buffer {
  const entry = errorEntry(failure.code)
  const reason = failure.facts.reason === undefined ? '' : ` (${String(failure.facts.reason)})`
  // The internal address stays inside: the cloud knows the virtual one.
  const text = `${entry.title}: ${virtualHost}:${virtualPort}${reason}.\n${entry.remedy}`
  return plainAnswer(entry.http, failure.code, text, withBody)
}
