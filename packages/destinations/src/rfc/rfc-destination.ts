import { type Properties, present } from '../properties.ts'
import { rfcProperties } from './rfc-properties.ts'

/** Where an RFC destination leads: to a virtual host and port of a Cloud Connector, or to a WebSocket server. */
export interface RfcTarget {
  readonly kind: 'direct' | 'loadBalancing' | 'webSocket'
  readonly host: string
  /** `sapgw42` for the system number 42, `sapmsABC` for the system ABC, else as it is written. */
  readonly port: string
}

const hosts = { direct: 'jco.client.ashost', loadBalancing: 'jco.client.mshost', webSocket: 'jco.client.wshost' }

/** `OnPremise` or `Internet`; not written, it follows from the target (guide L9994-10004, L10263-10270). */
function rfcProxyType(properties: Properties): string {
  const derived = present(properties, hosts.webSocket) === undefined ? 'OnPremise' : 'Internet'
  return present(properties, 'jco.destination.proxy_type') ?? derived
}

/** Sentences about what is wrong with an RFC destination, each with the name of the property. */
export function rfcProblems(properties: Properties): string[] {
  return [
    ...formProblems(properties),
    ...missing(properties, 'jco.client.client'),
    ...targetProblems(properties),
    ...logonProblems(properties),
    ...secretProblems(properties),
  ]
}

/** Undefined for a destination that is not complete: a fragment may complete it. */
export function rfcTarget(properties: Properties): RfcTarget | undefined {
  const value = (key: string) => present(properties, `jco.client.${key}`)
  const [ashost, sysnr, mshost, wshost] = ['ashost', 'sysnr', 'mshost', 'wshost'].map(value)
  if (wshost !== undefined) return { kind: 'webSocket', host: wshost, port: value('wsport') ?? '' }
  if (ashost !== undefined && sysnr !== undefined) return { kind: 'direct', host: ashost, port: `sapgw${sysnr}` }
  const system = value('r3name')
  // The port of the message server wins: it spares the look-up that the system ID would need (guide L10328-10337).
  const port = value('msserv') ?? (system === undefined ? undefined : `sapms${system}`)
  return mshost === undefined || port === undefined ? undefined : { kind: 'loadBalancing', host: mshost, port }
}

/** The properties with what the absent ones mean (guide L10113-10460). */
export function withRfcDefaults(properties: Properties): Properties {
  const target = rfcTarget(properties)
  const defaults = Object.entries(rfcProperties)
    .filter(([key, { absent }]) => absent !== undefined && present(properties, key) === undefined)
    // A logon group is a matter of load balancing.
    .filter(([key]) => key !== 'jco.client.group' || target?.kind === 'loadBalancing')
    .map(([key, { absent }]) => [key, absent ?? ''] as const)
  return {
    ...properties,
    ...Object.fromEntries(defaults),
    'jco.destination.proxy_type': rfcProxyType(properties),
    'jco.destination.peak_limit': peakLimit(properties),
  }
}

/** As many as stay in the pool, without limit when nothing is said of the pool; never fewer than the pool holds. */
function peakLimit(properties: Properties): string {
  const capacity = present(properties, 'jco.destination.pool_capacity')
  const limit = present(properties, 'jco.destination.peak_limit') ?? capacity ?? '0'
  const isBelow = Number(limit) !== 0 && capacity !== undefined && Number(limit) < Number(capacity)
  return isBelow ? capacity : limit
}

function formProblems(properties: Properties): string[] {
  return Object.entries(rfcProperties).flatMap(([key, { pattern, must }]) => {
    const value = present(properties, key)
    return value === undefined || pattern === undefined || pattern.test(value) ? [] : [`property ${key} must ${must}`]
  })
}

function missing(properties: Properties, ...keys: readonly string[]): string[] {
  return keys.filter((key) => present(properties, key) === undefined).map((key) => `property ${key} is missing`)
}

function targetProblems(properties: Properties): string[] {
  const given = Object.values(hosts).filter((key) => present(properties, key) !== undefined)
  if (given.length > 1) return [`property ${given[1]} must not be set together with ${given[0]}: they are two targets`]
  const proxyType = rfcProxyType(properties)
  if (proxyType === 'Internet') {
    if (given[0] !== undefined && given[0] !== hosts.webSocket)
      return [`property jco.destination.proxy_type must be OnPremise for ${given[0]}`]
    return missing(properties, hosts.webSocket, 'jco.client.wsport')
  }
  if (given[0] === hosts.webSocket) return [`property jco.destination.proxy_type must be Internet for ${given[0]}`]
  if (given[0] === hosts.direct) return missing(properties, 'jco.client.sysnr')
  if (given[0] === undefined) return [`property ${hosts.direct} or ${hosts.loadBalancing} is missing`]
  const hasPort = ['r3name', 'msserv'].some((key) => present(properties, `jco.client.${key}`) !== undefined)
  return hasPort ? [] : ['property jco.client.r3name or jco.client.msserv is missing']
}

function logonProblems(properties: Properties): string[] {
  const type = present(properties, 'jco.destination.auth_type') ?? 'CONFIGURED_USER'
  if (type !== 'CONFIGURED_USER') return []
  if (present(properties, 'jco.client.tls_client_certificate_logon') === '1') {
    const isWebSocket = present(properties, hosts.webSocket) !== undefined
    return [
      ...(isWebSocket ? [] : [`property jco.client.tls_client_certificate_logon needs ${hosts.webSocket}`]),
      ...missing(properties, 'KeyStoreLocation'),
    ]
  }
  const hasUser = ['user', 'alias_user'].some((key) => present(properties, `jco.client.${key}`) !== undefined)
  return [
    ...(hasUser ? [] : ['property jco.client.user or jco.client.alias_user is missing']),
    ...missing(properties, 'jco.client.passwd'),
  ]
}

function secretProblems(properties: Properties): string[] {
  const pairs = [
    ['jco.destination.repository.user', 'jco.destination.repository.passwd'],
    ['TrustStoreLocation', 'TrustStorePassword'],
  ] as const
  return pairs.flatMap(([key, secret]) => (present(properties, key) === undefined ? [] : missing(properties, secret)))
}
