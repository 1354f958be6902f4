import type { GrantedToken } from './auth-token.ts'
import type { TokenResponse } from './token-endpoint.ts'
import { tokenFailure } from './token-failure.ts'

const longestReason = 1_000
const longestLifetimeSeconds = 10_000_000_000
// Goes into a header, so nothing but visible ASCII.
const tokenText = /^[\x21-\x7e]+$/

/**
 * Reads the answer of a token service (RFC 6749 section 5).
 * @param clean removes secrets from a text that the token service wrote
 * @throws PlatformError DESTINATION_TOKEN_FAILED with the reason that the token service gave
 */
export function grantedToken(response: TokenResponse, nowMs: number, clean: (text: string) => string): GrantedToken {
  const answer = readAnswer(response, clean)
  const value = answer.access_token
  if (typeof value !== 'string' || !tokenText.test(value))
    throw tokenFailure('the answer of the token service contains no usable access_token')
  const type = typeof answer.token_type === 'string' ? answer.token_type : 'Bearer'
  const seconds = lifetimeSeconds(answer.expires_in)
  return {
    value,
    type: type.toLowerCase() === 'bearer' || !tokenText.test(type) ? 'Bearer' : type,
    expiresAtMs: seconds === undefined ? undefined : nowMs + seconds * 1_000,
    scope: typeof answer.scope === 'string' && answer.scope !== '' ? answer.scope : undefined,
    refreshToken: typeof answer.refresh_token === 'string' ? answer.refresh_token : undefined,
    ...(typeof answer.issued_token_type === 'string' ? { issuedTokenType: answer.issued_token_type } : {}),
  }
}

/** Some token services write the number as text. Anything else would make a token of unknown life look usable. */
function lifetimeSeconds(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= longestLifetimeSeconds) return Math.floor(seconds)
  throw tokenFailure('the answer of the token service has an expires_in that is no number of seconds')
}

/** The JSON object of a successful answer. */
export function readAnswer(
  response: TokenResponse,
  clean: (text: string) => string,
  failurePrefix = '',
): Readonly<Record<string, unknown>> {
  const answer = parseObject(response.body)
  if (response.status >= 200 && response.status < 300 && answer !== undefined) return answer
  if (response.status >= 200 && response.status < 300)
    throw tokenFailure(`${failurePrefix}the answer of the token service is not a JSON object`)
  throw tokenFailure(failurePrefix + clean(statedReason(response, answer)).slice(0, longestReason))
}

function statedReason(response: TokenResponse, answer: Readonly<Record<string, unknown>> | undefined): string {
  const { error_description: description, error } = answer ?? {}
  if (typeof description === 'string' && description !== '') return description
  if (typeof error === 'string' && error !== '') return error
  const text = response.body.trim()
  return text === '' ? `the token service answered with status ${response.status}` : text
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>) // just checked
      : undefined
  } catch {
    return undefined
  }
}
