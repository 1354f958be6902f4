import { createPrivateKey, X509Certificate } from 'node:crypto'
import { PlatformError, Secret } from '@landbridge/kernel'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const url = Type.String({ pattern: '^https?://' })
const schema = Type.Object({
  clientid: Type.String({ minLength: 1 }),
  clientsecret: Type.Optional(Type.String({ minLength: 1 })),
  /** PEM both, in keys of the credential type x509. */
  certificate: Type.Optional(Type.String({ pattern: '-----BEGIN CERTIFICATE-----' })),
  key: Type.Optional(Type.String({ pattern: '-----BEGIN' })),
  certurl: Type.Optional(url),
  instanceid: Type.Optional(Type.String()),
  token_service_url: url,
  uaadomain: Type.String({ minLength: 1 }),
  connectivity_service: Type.Object({ url, CAs_path: Type.Optional(Type.String({ pattern: '^/' })) }),
})

/** What a connectivity proxy reads from its service key. */
export interface ServiceKey {
  readonly clientId: string
  /** Absent in keys with a certificate. */
  readonly clientSecret?: Secret
  /** Shown to the token service in the TLS handshake (RFC 8705). PEM, leaf first. */
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret }
  /** Empty when the key does not tell it. */
  readonly instanceId: string
  /** The complete token endpoint. */
  readonly tokenUrl: string
  readonly uaaDomain: string
  readonly connectivityUrl: string
  /** Where the authorities of connectors are published (guide L32958). */
  readonly caListUrl: string
}

/**
 * Reads the service key of a `connectivity_proxy` instance: JSON, also in base64, also with `connectivity_service` as
 * text, which binding secrets of Kubernetes make of it.
 * @param key below which the secret holds it (`serviceCredentialsKey`), for the message.
 * @throws PlatformError CONFIG_INVALID naming the secret, the key and the missing field; no value is ever shown
 */
export function readServiceKey(text: string, key = 'service_key'): ServiceKey {
  const wrong = (problem: string): PlatformError =>
    new PlatformError('CONFIG_INVALID', {
      problems: [`serviceKey: secret of the connectivity service, key "${key}": ${problem}`],
    })
  const parsed = parseObject(text) ?? parseObject(Buffer.from(text.trim(), 'base64').toString('utf8'))
  if (parsed === undefined) throw wrong('expected the JSON of a service key, found something else')
  const { connectivity_service: service, uaadomain, token_service_domain: domain } = parsed
  const json: unknown = {
    ...parsed,
    uaadomain: uaadomain ?? domain,
    connectivity_service: typeof service === 'string' ? parseObject(service) : service,
  }
  const error = Value.Errors(schema, json).First()
  if (error !== undefined || !Value.Check(schema, json)) {
    const field = (error?.path ?? '').slice(1).replaceAll('/', '.')
    throw wrong(`expected the service key of a connectivity_proxy instance, found no usable ${field}`)
  }
  const base = json.connectivity_service.url.replace(/\/$/, '')
  return {
    clientId: json.clientid,
    ...secretOf(json, wrong),
    instanceId: json.instanceid ?? '',
    tokenUrl: tokenUrlOf(json),
    uaaDomain: json.uaadomain,
    connectivityUrl: base,
    caListUrl: `${base}${json.connectivity_service.CAs_path ?? '/api/v1/CAs'}`,
  }
}

/** One of the two that a client can prove itself with; a secret is enough where there is one. */
function secretOf(
  { clientsecret, certificate, key }: Static<typeof schema>,
  wrong: (problem: string) => PlatformError,
): Pick<ServiceKey, 'clientSecret' | 'clientCertificate'> {
  if (clientsecret !== undefined) return { clientSecret: new Secret(clientsecret) }
  if (certificate === undefined || key === undefined)
    throw wrong('expected clientsecret, or certificate and key, found neither')
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) throw new Error('another key')
  } catch {
    throw wrong('expected a certificate with its private key, both PEM, found a pair that does not fit')
  }
  return { clientCertificate: { cert: certificate, key: new Secret(key) } }
}

/** Certificates are asked for on a host of their own. */
function tokenUrlOf({ clientsecret, certurl, token_service_url }: Static<typeof schema>): string {
  if (clientsecret !== undefined || certurl === undefined) return token_service_url
  return `${certurl.replace(/\/$/, '')}${new URL(token_service_url).pathname}`
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** True for the issuer of any tenant of the platform: `https://<subdomain>.<uaadomain>/oauth/token`. */
export function isIssuerOf(uaaDomain: string, issuer: string): boolean {
  if (!URL.canParse(issuer)) return false
  const { protocol, host, pathname, search, hash, username } = new URL(issuer)
  const isPlain =
    protocol === 'https:' && pathname === '/oauth/token' && search === '' && hash === '' && username === ''
  return isPlain && (host === uaaDomain || host.endsWith(`.${uaaDomain}`))
}
