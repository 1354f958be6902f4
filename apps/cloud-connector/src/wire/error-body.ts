import type { ErrorCode, Problem } from '@landbridge/kernel'

type WireType =
  | 'INVALID_REQUEST'
  | 'ILLEGAL_STATE'
  | 'NOT_FOUND'
  | 'INVALID_CONFIGURATION'
  | 'RUNTIME_FAILURE'
  | 'FORBIDDEN_REQUEST'

/** The type of the API for a code where the status alone does not tell it (guide L31601). */
const typeOfCode: Partial<Record<ErrorCode, WireType>> = {
  CONNECTOR_SUBACCOUNT_EXISTS: 'INVALID_CONFIGURATION',
  CONNECTOR_MAPPING_EXISTS: 'INVALID_CONFIGURATION',
  CONNECTOR_RESOURCE_EXISTS: 'INVALID_CONFIGURATION',
  CONNECTOR_DOMAIN_MAPPING_EXISTS: 'INVALID_CONFIGURATION',
  CONNECTOR_LDAP_UNREACHABLE: 'INVALID_CONFIGURATION',
}

/** The body `{"type","message"}` that clients of the configuration API expect for every error. */
export function errorBody(problem: Problem): { contentType: string; body: unknown } {
  const type = typeOfCode[problem.code as ErrorCode] ?? typeOfStatus(problem.status)
  return { contentType: 'application/json', body: JSON.stringify({ type, message: messageOf(problem) }) }
}

function typeOfStatus(status: number): WireType {
  if (status === 401 || status === 403) return 'FORBIDDEN_REQUEST'
  if (status === 404) return 'NOT_FOUND'
  if (status === 409) return 'ILLEGAL_STATE'
  return status >= 500 ? 'RUNTIME_FAILURE' : 'INVALID_REQUEST'
}

function messageOf(problem: Problem): string {
  // Recorded word for word from the original: clients match on it.
  if (problem.code === 'CONNECTOR_SUBACCOUNT_NOT_FOUND')
    return `Subaccount with value '${problem.subaccount}@${problem.regionHost}' does not exist`
  if (problem.code === 'CONNECTOR_LOGIN_REQUIRED') return problem.title
  const { type, status, title, code, remedy, requestId, ...facts } = problem
  const shown = Object.entries(facts)
    .filter(([name, value]) => value !== undefined && name !== 'field')
    .map(([name, value]) => (name === 'reason' ? String(value) : `${name} ${String(value)}`))
    .join(', ')
  return `${title}${shown === '' ? '' : ` (${shown})`}. ${remedy}`
}
