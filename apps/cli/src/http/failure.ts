/** System errors of a connection attempt in words, by code; message texts are never inspected. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ECONNRESET: 'the connection was reset (ECONNRESET)',
  ENOTFOUND: 'the name does not resolve (ENOTFOUND)',
  EAI_AGAIN: 'the name does not resolve at the moment (EAI_AGAIN)',
  EHOSTUNREACH: 'there is no route to the host (EHOSTUNREACH)',
  ETIMEDOUT: 'no answer in time (ETIMEDOUT)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time (UND_ERR_CONNECT_TIMEOUT)',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time (UND_ERR_HEADERS_TIMEOUT)',
  UND_ERR_SOCKET: 'the connection was closed before the answer (UND_ERR_SOCKET)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted (SELF_SIGNED_CERT_IN_CHAIN)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
  CERT_HAS_EXPIRED: 'its certificate has expired (CERT_HAS_EXPIRED)',
}

/** Why a request got no answer. */
export function connectionFailure(thrown: unknown): string {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    const code = 'code' in at ? String(at.code) : ''
    const meaning = meanings[code]
    if (meaning !== undefined) return meaning
    if (at instanceof AggregateError && at.errors.length > 0) return connectionFailure(at.errors[0])
    if (at.name === 'TimeoutError' || at.name === 'AbortError') return 'no answer in time'
    if (code !== '' && at.cause === undefined) return code
  }
  return thrown instanceof Error ? thrown.name : String(thrown)
}
