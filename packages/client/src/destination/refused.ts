import { clientError } from '../client-error.ts'
import type { ServiceAnswer } from '../http/service-http.ts'
import { parseObject } from './parse-found.ts'

/** The error for an answer that is not the wished one. */
export function destinationRefused(
  name: string,
  { tenant }: { readonly tenant?: string },
  { status, text }: ServiceAnswer,
): Error {
  const body = parseObject(text)
  const reason = [body?.ErrorMessage, body?.title, body?.error].find((value) => typeof value === 'string')
  const facts = {
    ...(name === '' ? {} : { destination: name }),
    status,
    ...(tenant === undefined ? {} : { tenant }),
    ...(typeof reason === 'string' ? { reason: reason.slice(0, 300) } : {}),
  }
  if (status === 404) return clientError('CLIENT_DESTINATION_NOT_FOUND', facts)
  if (status === 401 || status === 403)
    return clientError('CLIENT_TOKEN_REFUSED', { service: 'destination service', ...facts })
  return clientError('CLIENT_DESTINATION_REFUSED', facts)
}
