import { encodeSimpleResponse } from '@landbridge/http1'
import { errorEntry, PlatformError } from '@landbridge/kernel'

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

/** Basic is for clients that know nothing else (browsers, curl --proxy-user): the token is the user name. */
const challenges = [
  ['Proxy-Authenticate', 'Bearer realm="connectivity"'],
  ['Proxy-Authenticate', 'Basic realm="connectivity"'],
] as const

/** How an answer of the proxy ends. */
export interface AnswerEnd {
  readonly close: boolean
  /** The request was HEAD. */
  readonly omitBody: boolean
}

/** A plain-text answer of the proxy: the first line says what happened, the second what to do. */
export function answer(status: number, code: string, lines: readonly string[], end: AnswerEnd): Buffer {
  return encodeSimpleResponse({
    status,
    reason: reasons[status] ?? 'Error',
    headers: [
      ...(status === 407 ? challenges : []),
      ...(status === 405 ? ([['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']] as const) : []),
      ['X-Content-Type-Options', 'nosniff'],
      ['X-Landbridge-Error', code],
    ],
    body: `${lines.join('\n')}\n`,
    close: end.close,
    omitBody: end.omitBody,
  })
}

/** The answer for a failure of the catalogue; anything else is an internal error without details. */
export function failureAnswer(failure: unknown, end: AnswerEnd): Buffer {
  if (!(failure instanceof PlatformError))
    return answer(500, 'INTERNAL', ['Internal error. See the log of the proxy.'], end)
  const entry = errorEntry(failure.code)
  if (failure.code === 'CONNECTOR_NOT_CONNECTED')
    return answer(entry.http, failure.code, [notConnected(failure), entry.remedy], end)
  const shown = entry.show.map((key) => failure.facts[key]).filter((value) => value !== undefined)
  const facts = shown.length === 0 ? '' : ` (${shown.map(String).join(', ')})`
  // What identity says about a token ends up as 401 elsewhere; towards a proxy client it is 407.
  const status = entry.http === 401 ? 407 : entry.http
  return answer(status, failure.code, [`${entry.title}${facts}.`, entry.remedy], end)
}

/** The wording that existing clients and people search for (connectivity-proxy, section 2.20). */
function notConnected(failure: PlatformError): string {
  const { subaccountId, locationId } = failure.facts
  return `There is no SAP Cloud Connector (SCC) connected to your subaccount matching the requested tunnel for subaccount "${String(subaccountId)}" and SCC location ID "${String(locationId)}". Check the configuration on SCC and cloud side.`
}

export const useHttpText =
  'Only http:// targets are supported: the Cloud Connector decides whether the backend is called by HTTP or HTTPS.'
export const useHttpRemedy =
  'Caller: use http://<virtual host>:<virtual port> as the address, also when the backend speaks HTTPS.'
