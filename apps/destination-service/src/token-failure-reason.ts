import { tokenFailure } from '@landbridge/destinations'
import { isPlatformError } from '@landbridge/kernel'
import { errors } from 'undici'

const untrusted = 'the certificate of the token service is not trusted'
const closed = 'the token service closed the connection'
const refusedCertificate = 'the token service does not accept the client certificate'
const noCommonTls = 'the token service and this service have no TLS version or cipher in common'

/** What a failed connection means, by `error.code`. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the token service refuses connections',
  ECONNRESET: closed,
  EPIPE: closed,
  UND_ERR_SOCKET: closed,
  EHOSTUNREACH: 'the token service cannot be reached',
  ENETUNREACH: 'the token service cannot be reached',
  ETIMEDOUT: 'the connection to the token service timed out',
  ENOTFOUND: 'the host name of the token service cannot be resolved',
  EAI_AGAIN: 'the host name of the token service cannot be resolved',
  CERT_HAS_EXPIRED: 'the certificate of the token service has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  INVALID_PURPOSE: 'the certificate of the token service is not one for servers',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the token service is for another host',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the token service demands a client certificate',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': refusedCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: refusedCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: refusedCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: refusedCertificate,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: noCommonTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: noCommonTls,
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: noCommonTls,
}

/**
 * The failure that a caller is told: what broke, never what was sent.
 * @param peer who was called
 */
export function connectionFailure(cause: unknown, peer: 'token service' | 'connectivity proxy'): Error {
  if (isPlatformError(cause)) return cause
  const code = errorCode(cause)
  if (cause instanceof errors.HTTPParserError) return tokenFailure(`the ${peer} does not speak HTTP`, cause)
  const reason = (code && reasons[code]) || 'the token service could not be reached'
  return tokenFailure(reason.replace('the token service', `the ${peer}`), cause)
}

/** The code of the error, or of the first inner one: several addresses fail with an aggregate. */
function errorCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof AggregateError ? errorCode(cause.errors[0]) : undefined
}
