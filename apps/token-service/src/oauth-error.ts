import { invalidClientCertificateBody } from '@landbridge/certificates'
import { describeError, type ErrorCode, errorEntry, isPlatformError, type PlatformError } from '@landbridge/kernel'
import type { WebAnswer } from './web.ts'

/** OAuth names of our errors (RFC 6749 section 5.2, RFC 6750 section 3.1); `unauthorized` is what UAA says. */
const oauthName: Partial<Record<ErrorCode, string>> = {
  OAUTH_REQUEST_INVALID: 'invalid_request',
  OAUTH_TENANT_UNKNOWN: 'invalid_request',
  OAUTH_REDIRECT_INVALID: 'invalid_request',
  OAUTH_CLIENT_INVALID: 'invalid_client',
  OAUTH_TENANT_FORBIDDEN: 'unauthorized_client',
  OAUTH_GRANT_INVALID: 'invalid_grant',
  OAUTH_GRANT_UNSUPPORTED: 'unsupported_grant_type',
  OAUTH_SCOPE_INVALID: 'invalid_scope',
  LOGIN_FAILED: 'unauthorized',
  LOGIN_THROTTLED: 'slow_down',
  LOGIN_FORM_EXPIRED: 'access_denied',
  REQUEST_INVALID: 'invalid_request',
  REQUEST_TOO_LARGE: 'invalid_request',
  MEDIA_TYPE_UNSUPPORTED: 'invalid_request',
  NOT_FOUND: 'not_found',
}

export interface OAuthErrorBody {
  readonly error: string
  readonly error_description: string
}

/** The error body that OAuth clients read. What is not in the catalogue becomes a fixed text. */
export function oauthErrorBody(thrown: unknown): OAuthErrorBody {
  if (!isPlatformError(thrown)) return { error: 'server_error', error_description: 'The token service failed.' }
  return { error: nameOf(thrown), error_description: describeError(thrown) }
}

function nameOf({ code }: PlatformError): string {
  if (code.startsWith('TOKEN_') && errorEntry(code).http === 401) return 'invalid_token'
  const { http } = errorEntry(code)
  return (
    oauthName[code] ?? (http === 503 ? 'temporarily_unavailable' : http >= 500 ? 'server_error' : 'invalid_request')
  )
}

/** The answer for a refused request. Server errors are thrown on, so that they reach the log with their cause. */
export function answerError(thrown: unknown): WebAnswer {
  if (!isPlatformError(thrown) || errorEntry(thrown.code).http >= 500) throw thrown
  if (thrown.code === 'CLIENT_CERTIFICATE_REFUSED') return { status: 401, body: invalidClientCertificateBody }
  const body = oauthErrorBody(thrown)
  return { status: errorEntry(thrown.code).http, headers: challengeOf(thrown, body.error), body }
}

function challengeOf(thrown: PlatformError, error: string): Readonly<Record<string, string>> {
  if (thrown.code === 'LOGIN_THROTTLED') return { 'retry-after': String(thrown.facts.retryAfterSeconds) }
  if (thrown.code === 'OAUTH_CLIENT_INVALID') return { 'www-authenticate': 'Basic realm="landbridge"' }
  return error === 'invalid_token' ? { 'www-authenticate': 'Bearer realm="landbridge", error="invalid_token"' } : {}
}
