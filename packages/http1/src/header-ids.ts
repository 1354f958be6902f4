import { lowerCase } from './characters.ts'

/**
 * Identities of the header fields that the data plane acts on. Everything else is `other` (0).
 * The identities 1 to 7 decide about framing and connection handling and are evaluated by the parsers.
 */
export const H = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  upgrade: 6,
  expect: 7,
  te: 8,
  trailer: 9,
  proxyConnection: 10,
  proxyAuthorization: 11,
  proxyAuthenticate: 12,
  authorization: 13,
  /** `SAP-Connectivity-Authentication` (guide L12120) */
  sapConnectivityAuthentication: 14,
  /** `SAP-Connectivity-Technical-Authentication` (guide L12166) */
  sapConnectivityTechnicalAuthentication: 15,
  /** `SAP-Connectivity-SCC-Location_ID` (guide L12069) */
  sapLocationId: 16,
  /** `SAP-CP-Connectivity-Service-Token` (guide L34174) */
  sapServiceToken: 17,
  /** `SAP-Connectivity-ConsumerAccount` (guide L31377) */
  sapConsumerAccount: 18,
  /** Any other field whose name starts with `SAP-Connectivity-`. */
  sapConnectivityOther: 19,
  /** `SSL_CLIENT_CERT` and `SSL-Client-Cert`, which many back ends read as the same variable */
  sslClientCert: 20,
  xForwardedHost: 21,
  xForwardedFor: 22,
  xForwardedProto: 23,
  xForwardedClientCert: 24,
  forwarded: 25,
  via: 26,
  location: 27,
  setCookie: 28,
  cookie: 29,
  date: 30,
  server: 31,
  traceparent: 32,
  tracestate: 33,
  xCorrelationId: 34,
  xRequestId: 35,
  proxyAuthenticationInfo: 36,
  contentLocation: 37,
  wwwAuthenticate: 38,
} as const

/** Highest identity that the parsers evaluate themselves. */
export const lastFramingId = H.expect

const names: readonly (readonly [string, number])[] = [
  ['host', H.host],
  ['content-length', H.contentLength],
  ['transfer-encoding', H.transferEncoding],
  ['connection', H.connection],
  ['keep-alive', H.keepAlive],
  ['upgrade', H.upgrade],
  ['expect', H.expect],
  ['te', H.te],
  ['trailer', H.trailer],
  ['proxy-connection', H.proxyConnection],
  ['proxy-authorization', H.proxyAuthorization],
  ['proxy-authenticate', H.proxyAuthenticate],
  ['authorization', H.authorization],
  ['sap-connectivity-authentication', H.sapConnectivityAuthentication],
  ['sap-connectivity-technical-authentication', H.sapConnectivityTechnicalAuthentication],
  ['sap-connectivity-scc-location_id', H.sapLocationId],
  ['sap-cp-connectivity-service-token', H.sapServiceToken],
  ['sap-connectivity-consumeraccount', H.sapConsumerAccount],
  ['ssl_client_cert', H.sslClientCert],
  ['ssl-client-cert', H.sslClientCert],
  ['x-forwarded-host', H.xForwardedHost],
  ['x-forwarded-for', H.xForwardedFor],
  ['x-forwarded-proto', H.xForwardedProto],
  ['x-forwarded-client-cert', H.xForwardedClientCert],
  ['forwarded', H.forwarded],
  ['via', H.via],
  ['location', H.location],
  ['set-cookie', H.setCookie],
  ['cookie', H.cookie],
  ['date', H.date],
  ['server', H.server],
  ['traceparent', H.traceparent],
  ['tracestate', H.tracestate],
  ['x-correlationid', H.xCorrelationId],
  ['x-request-id', H.xRequestId],
  ['proxy-authentication-info', H.proxyAuthenticationInfo],
  ['content-location', H.contentLocation],
  ['www-authenticate', H.wwwAuthenticate],
]

const sapPrefix = Buffer.from('sap-connectivity-')

// A perfect hash over length and three letters: one table look-up and one comparison per header name.
const slotOf = new Uint8Array(256)
const texts: Buffer[] = [Buffer.alloc(0)]
const ids = new Uint8Array(names.length + 1)

function hash(length: number, quarter: number, middle: number, last: number): number {
  return (length * 62 + quarter * 112 + middle * 47 + last * 73) & 255
}

for (const [name, id] of names) {
  const text = Buffer.from(name)
  const key = hash(text.length, text[text.length >> 2]!, text[text.length >> 1]!, text[text.length - 1]!)
  if (slotOf[key] !== 0) throw new TypeError(`The hash of header names collides at ${name}`)
  slotOf[key] = texts.length
  ids[texts.length] = id
  texts.push(text)
}

/** The identity of the field name in [start, end), compared without regard to case. The name MUST not be empty. */
export function headerIdOf(buffer: Buffer, start: number, end: number): number {
  const length = end - start
  const quarter = lowerCase[buffer[start + (length >> 2)]!]!
  const middle = lowerCase[buffer[start + (length >> 1)]!]!
  const slot = slotOf[hash(length, quarter, middle, lowerCase[buffer[end - 1]!]!)]!
  if (slot !== 0) {
    const text = texts[slot]!
    if (text.length === length && startsWith(buffer, start, text)) return ids[slot]!
  }
  if (length > sapPrefix.length && startsWith(buffer, start, sapPrefix)) return H.sapConnectivityOther
  return H.other
}

/** Whether `lower` (lower-case letters) stands at `start`, without regard to case. The caller has checked the length. */
export function startsWith(buffer: Buffer, start: number, lower: Buffer): boolean {
  for (let i = 0; i < lower.length; i++) {
    if (lowerCase[buffer[start + i]!] !== lower[i]) return false
  }
  return true
}

/** Whether the bytes in [start, end) are `lower`, without regard to case. */
export function equalsText(buffer: Buffer, start: number, end: number, lower: Buffer): boolean {
  return end - start === lower.length && startsWith(buffer, start, lower)
}
