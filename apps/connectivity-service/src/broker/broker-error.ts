import type { Problem } from '@landbridge/kernel'

/** Codes for which the Open Service Broker API prescribes a word in `error`. */
const errorWords: Readonly<Record<string, string>> = { BROKER_BUSY: 'ConcurrencyError' }

/** Codes whose title is the whole description: users compare it, and more words would only hide it. */
const wholeDescription: ReadonlySet<string> = new Set([
  'DESTINATION_INIT_DATA_FAILED',
  'DESTINATION_INIT_DATA_INTERRUPTED',
])

/** The error body of the Open Service Broker API 2.17, section "Service Broker Errors", plus what is wrong in detail. */
export function brokerErrorBody(problem: Problem): { contentType: string; body: unknown } {
  const { title, code, remedy, field, reason, problems, bindings, status, requestId } = problem
  // These answers say it all with their status.
  if (status === 410) return { contentType: 'application/json', body: {} }
  const detail = [field, reason].filter((fact) => typeof fact === 'string').join(' ')
  const description = wholeDescription.has(code)
    ? `${title}.`
    : `${title}${detail === '' ? '' : `: ${detail}`}. ${remedy}`
  const word = errorWords[code]
  return {
    contentType: 'application/json',
    body: {
      ...(word === undefined ? {} : { error: word }),
      description,
      ...(problems === undefined ? {} : { problems }),
      ...(bindings === undefined ? {} : { bindings }),
      requestId,
    },
  }
}
