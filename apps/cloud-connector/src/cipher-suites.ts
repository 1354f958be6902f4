import { DEFAULT_CIPHERS, getCiphers } from 'node:tls'

/** IANA names by the names of OpenSSL; names of TLS 1.3 are the same in both. No suite without authentication or key. */
const ianaNames: Readonly<Record<string, string>> = {
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384': 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305': 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305': 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'DHE-RSA-AES256-GCM-SHA384': 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  'DHE-RSA-CHACHA20-POLY1305': 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'DHE-RSA-AES128-GCM-SHA256': 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-SHA384': 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'ECDHE-RSA-AES256-SHA384': 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'ECDHE-ECDSA-AES128-SHA256': 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'ECDHE-RSA-AES128-SHA256': 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'DHE-RSA-AES256-SHA256': 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  'DHE-RSA-AES128-SHA256': 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  'AES256-GCM-SHA384': 'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'AES128-GCM-SHA256': 'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'AES256-SHA256': 'TLS_RSA_WITH_AES_256_CBC_SHA256',
  'AES128-SHA256': 'TLS_RSA_WITH_AES_128_CBC_SHA256',
}

const offered = new Set(getCiphers())
const known = Object.entries(ianaNames).filter(([openssl]) => offered.has(openssl.toLowerCase()))
const preferred = new Set(DEFAULT_CIPHERS.split(':'))

/** Everything that the TLS runtime offers, by IANA names. */
export const availableCipherSuites: readonly string[] = known.map(([, iana]) => iana)

/** What the TLS runtime prefers by default. */
export const defaultCipherSuites: readonly string[] = known
  .filter(([openssl]) => preferred.has(openssl))
  .map(([, iana]) => iana)

/** What the administration port is served with, of the suites that were chosen. */
export interface UsableSuites {
  /** Those that serve, by IANA names. */
  readonly suites: readonly string[]
  /** The `ciphers` option of Node. */
  readonly ciphers: string
  /** Chosen, but unknown to this TLS runtime. */
  readonly unsupported: readonly string[]
}

/**
 * Chosen suites by IANA names as this TLS runtime knows them; the default ones where it knows none of them. Another
 * runtime after an upgrade, or a backup of another machine, must not lock the administrator out (guide L18552).
 */
export function usableSuites(chosen: readonly string[] = defaultCipherSuites): UsableSuites {
  const unsupported = chosen.filter((suite) => !availableCipherSuites.includes(suite))
  const wanted = unsupported.length === chosen.length ? defaultCipherSuites : chosen
  const served = known.filter(([, iana]) => wanted.includes(iana))
  const ciphers = served.map(([openssl]) => openssl).join(':')
  return { suites: served.map(([, iana]) => iana), ciphers, unsupported }
}
