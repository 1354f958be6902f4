import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorEntry, isPlatformError, type Log } from '@landbridge/kernel'

const internal = 'Transparent proxy internal error. Contact the transparent proxy administrator.'
const invalidDestination = 'Invalid destination configuration. Contact the destination administrator.'

/**
 * Answers a request that cannot be served, with the status and the `x-error-…` headers of the original (guide L36889,
 * public page "Error Response Headers"), and writes one line of log. What is not foreseen stays in the log.
 */
export function answerFailure(response: ServerResponse, failure: unknown, requestId: string, log: Log): void {
  const isKnown = isPlatformError(failure)
  const {
    http: status,
    title,
    remedy,
    level,
  } = isKnown ? errorEntry(failure.code) : { http: 500, title: internal, remedy: '', level: 'error' as const }
  const facts = isKnown ? failure.facts : {}
  const { origin, internalStatus, reason } = facts
  log[level](
    'transparent-proxy.refused',
    { requestId, status, ...(isKnown ? { code: failure.code } : {}), ...facts },
    isKnown ? failure.cause : failure,
  )
  if (response.headersSent) {
    response.destroy()
    return
  }
  const message = isKnown && status === 500 ? invalidDestinationMessage(reason) : String(reason ?? title)
  const text = status === 500 ? (isKnown ? invalidDestination : internal) : `${title}: ${message} ${remedy}`
  const body = Buffer.from(status === 500 ? text : reason === undefined ? `${title}. ${remedy}` : text)
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'x-error-message': headerText(isKnown ? message : internal),
    'x-error-origin': typeof origin === 'string' ? origin : 'Transparent Proxy',
    ...(typeof internalStatus === 'number' ? { 'x-internal-error-code': String(internalStatus) } : {}),
    'x-request-id': requestId,
    'x-proxy-server': 'Transparent Proxy',
  })
  response.end(body)
}

function invalidDestinationMessage(reason: unknown): string {
  return typeof reason === 'string' ? reason : invalidDestination
}

/** Reasons quote what other services say: whatever is not plain ASCII does not get into a header. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, '?').slice(0, 1_000)
}

/** The ID that the caller gave the request, if it is a plain one. */
export function requestIdOf({ headers }: IncomingMessage, fallback: () => string): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : fallback()
}
