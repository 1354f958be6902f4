import { PlatformError, Secret } from '@landbridge/kernel'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const schema = Type.Object({
  clientid: Type.String({ minLength: 1 }),
  clientsecret: Type.String({ minLength: 1 }),
  token_service_url: Type.String({ pattern: '^https?://' }),
  uaadomain: Type.String({ minLength: 1 }),
  connectivity_service: Type.Object({ url: Type.String({ pattern: '^https?://' }) }),
})

/** What a connectivity proxy reads from its service key. */
export interface ServiceKey {
  readonly clientId: string
  readonly clientSecret: Secret
  /** The complete token endpoint. */
  readonly tokenUrl: string
  readonly uaaDomain: string
  readonly connectivityUrl: string
}

/** @throws PlatformError CONFIG_INVALID naming the missing field; no value is ever shown */
export function readServiceKey(text: string): ServiceKey {
  const wrong = (problem: string): PlatformError =>
    new PlatformError('CONFIG_INVALID', { problems: [`serviceKey: ${problem}`] })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw wrong('expected the JSON of a service key, found something else')
  }
  const error = Value.Errors(schema, json).First()
  if (error !== undefined || !Value.Check(schema, json))
    throw wrong(`expected the service key of a connectivity_proxy instance, found no usable ${error?.path ?? ''}`)
  return {
    clientId: json.clientid,
    clientSecret: new Secret(json.clientsecret),
    tokenUrl: json.token_service_url,
    uaaDomain: json.uaadomain,
    connectivityUrl: json.connectivity_service.url.replace(/\/$/, ''),
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
