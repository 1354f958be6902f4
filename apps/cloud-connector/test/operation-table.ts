import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { cloudPassword, cloudUser, otherRegionHost, regionHost } from './fake-region.ts'
import { id, password } from './running-connector.ts'

/** An operation of the published interface, as its reference lists it. */
export interface Operation {
  readonly name: string
  readonly method: string
  readonly path: string
  /** Which of the operations at one address. */
  readonly form?: string
  readonly status: number
  /** Administrator, Subaccount Administrator, Display, Support. */
  readonly roles: readonly string[]
  /** `MO`: master only; `shadow`: shadow only. */
  readonly only: string
}

export const operations = readFileSync(new URL('./recorded/operations.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Operation)

export type Shape = 'string' | 'number' | 'boolean' | 'object' | readonly [Shape] | { readonly [name: string]: Shape }

/** Where this connector answers otherwise, and why. */
export const otherwise: Readonly<Record<string, readonly [status: number, why: string]>> = {
  'API1 9': [409, 'no shadow is connected: the pair has tests of its own'],
  'API1 14': [500, 'there is no master: the pair has tests of its own'],
  'API1 74': [404, 'applications are a concept of platforms that are not offered'],
}

const certificate: Shape = {
  notAfterTimeStamp: 'number',
  notBeforeTimeStamp: 'number',
  subjectDN: 'string',
  issuer: 'string',
  serialNumber: 'string',
}
const self: Shape = { self: { href: 'string' } }
const resource: Shape = {
  ...{ id: 'string', enabled: 'boolean', exactMatchOnly: 'boolean', websocketUpgradeAllowed: 'boolean' },
  ...{ creationDate: 'string', description: 'string' },
}
const mapping: Shape = {
  ...{ virtualHost: 'string', virtualPort: 'string', localHost: 'string', localPort: 'string', creationDate: 'string' },
  ...{ protocol: 'string', backendType: 'string', hostInHeader: 'string', totalResourcesCount: 'number' },
  ...{ enabledResourcesCount: 'number', authenticationMode: 'string', description: 'string' },
  ...{ allowedClients: ['string'], blacklistedUsers: ['object'], blacklistedClientUsers: ['object'] },
  _links: { ...(self as object), resources: { href: 'string' } },
}
const subaccountLinks: Shape = Object.fromEntries(
  ['ABAPCloud-channels', 'HANA-channels', 'systemMappings', 'self', 'K8S-channels', 'validity', 'state']
    .concat('VirtualMachine-channels', 'domainMappings')
    .map((name) => [name, { href: 'string' }]),
)
const subaccount: Shape = {
  ...{ description: 'string', displayName: 'string', autoCertRenewal: 'boolean' },
  tunnel: {
    ...{ state: 'string', connectedSinceTimeStamp: 'number', connections: 'number' },
    ...{ applicationConnections: ['object'], serviceChannels: ['object'], subaccountCertificate: certificate },
    user: 'string',
  },
  ...{
    isManaged: 'boolean',
    _links: subaccountLinks,
    regionHost: 'string',
    subaccount: 'string',
    locationID: 'string',
  },
}
const channelOf = (target: { readonly [name: string]: Shape }): Shape => ({
  ...target,
  ...{ id: 'number', type: 'string', port: 'number', enabled: 'boolean', connections: 'number', comment: 'string' },
  _links: { ...(self as object), state: { href: 'string' } },
})
const hana = channelOf({ hanaInstanceName: 'string', instanceNumber: 'number' })
const machine = channelOf({ name: 'string', endpointId: 'string' })
const abap = channelOf({ abapCloudTenantHost: 'string', instanceNumber: 'number' })
const cluster = channelOf({ k8sCluster: 'string', k8sService: 'string' })
const legacy: Shape = {
  ...{ typeDesc: { typeKey: 'string', typeName: 'string' }, details: 'string', port: 'number', enabled: 'boolean' },
  ...{ connected: 'boolean', connectionsCount: 'number', availableConnectionsCount: 'number' },
  ...{ connectedSinceTimeStamp: 'number', id: 'number', _links: self },
}
const domain: Shape = { virtualDomain: 'string', internalDomain: 'string', _links: self }
const provider: Shape = {
  ...{ id: 'number', name: 'string', description: 'string', enabled: 'boolean' },
  // The reference has the certificate only; issuers of this platform publish keys, some with certificates.
  ...{ issuer: 'string', certificate },
}
const shadowSettings: Shape = {
  ...{ masterHost: 'string', masterPort: 'string', ownHost: 'string', checkIntervalInSeconds: 'number' },
  ...{ takeoverDelayInSeconds: 'number', connectTimeoutInMillis: 'number', requestTimeoutInMillis: 'number' },
}

/** Answers with a JSON body, by the number of the operation. */
export const answers: Readonly<Record<string, Shape>> = {
  'API1 1': { ha: 'string', description: 'string' },
  'API1 2': { version: 'string' },
  'API1 3': { ha: 'string', description: 'string' },
  'API1 4': 'string',
  'API1 6': { haEnabled: 'boolean', allowedShadowHost: 'string' },
  'API1 8': { state: 'string', shadowHost: 'string' },
  'API1 11': { ...shadowSettings, _links: { ...(self as object), state: { href: 'string' } } },
  'API1 12': shadowSettings,
  'API1 13': { state: 'string', ownHosts: ['string'] },
  'API1 16': { host: 'string', port: 'string', user: 'string', password: 'string' },
  'API1 19': { type: 'string' },
  'API1 23': { ...(certificate as object), subjectAltNames: [{ type: 'string', value: 'string' }] },
  'API1 28': ['string'],
  'API1 29': ['string'],
  'API1 32': certificate,
  'API1 39': certificate,
  'API1 46': {
    trustAllBackends: 'boolean',
    trustedBackends: [{ alias: 'string', subjectDN: 'string', issuer: 'string', notAfterTimeStamp: 'number' }],
  },
  'API1 51': { hostAgentPath: 'string', isEnabled: 'boolean', enabled: 'boolean', dsrEnabled: 'boolean' },
  'API1 57': [{ _links: subaccountLinks, regionHost: 'string', subaccount: 'string', locationID: 'string' }],
  'API1 58': subaccount,
  'API1 59': subaccount,
  'API1 60': subaccount,
  'API1 63': subaccount,
  'API1 66': {
    ...(subaccount as object),
    recoveryAccountState: {
      ...{ isActive: 'boolean', regionHost: 'string', user: 'string' },
      subaccountCertificate: certificate,
    },
  },
  'API1 70': [provider],
  'API1 71': ['object'],
  'API1 73': provider,
  'API1 75': [mapping],
  'API1 76': mapping,
  'API1 81': [{ ...resource, _links: {} }],
  'API1 82': { ...resource, _links: self },
  'API2 13': [domain],
  'API2 18': domain,
  'API2 19': [hana],
  'API2 20': hana,
  'API2 23': [{ hanaInstanceName: 'string', version: 'string', type: 'string' }],
  'API2 24': [machine],
  'API2 25': machine,
  'API2 28': [{ endpointId: 'string', name: 'string' }],
  'API2 29': [abap],
  'API2 30': abap,
  'API2 33': [cluster],
  'API2 34': cluster,
  'API2 43': [legacy],
  'API2 44': legacy,
  'API2 47': ['string'],
  'API2 48': [{ client: 'string' }],
  'API2 57': [{ client: 'string', user: 'string' }],
  'API2 58': [{ client: 'string', user: 'string' }],
}

/** Reads by POST, and switches that are where they are wanted already. */
export const changesNothing = ['API1 55', 'API1 62', 'API2 37', 'API2 38']

/** Categories of the audit trail (guide L30036), the first pattern that fits. */
const auditCategories: readonly (readonly [path: RegExp, category: string])[] = [
  [/\/connector\/proxy$/, 'ProxySettings'],
  [/\/authentication\/basic$/, 'SCCUser'],
  [/\/ppCaCertificate$/, 'PpcaCertificate'],
  [/\/systemCertificate$/, 'SystemCertificate'],
  [/\/truststore/, 'TrustedBackendCertificate'],
  [/\/recovery\/state$/, 'Configuration'],
  [/\/recovery/, 'RecoveryAccount'],
  [/\/trust$/, 'TrustSynchronization'],
  [/\/trust\/\{type\}/, 'IdentityProviderTrust'],
  [/\/(allowedClients|blockedClientUsers)/, 'BackendAuthority'],
  [/\/resources/, 'AllowedResource'],
  [/\/systemMappings/, 'BackendMapping'],
  [/\/domainMappings/, 'DomainMapping'],
  [/\/channels/, 'ServiceChannelConfiguration'],
]

export function auditCategory({ path, name }: Operation): string {
  // Properties and certificate of a subaccount are its account; that it is there is configuration.
  if (name === 'API1 60' || name === 'API1 63') return 'Account'
  return auditCategories.find(([pattern]) => pattern.test(path))?.[1] ?? 'Configuration'
}

/** Lists of what this platform or the region of the test does not have. */
export const emptyHere = ['API1 71', 'API2 23', 'API2 28']

/** Answers that are no JSON, by their content type. */
export const otherTypes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['API1 25', 'API1 35', 'API1 42'].map((name) => [name, 'application/x-pem-file'])),
  ...Object.fromEntries(['API1 33', 'API1 40'].map((name) => [name, 'application/octet-stream'])),
  ...Object.fromEntries(['API1 54', 'API1 55'].map((name) => [name, 'application/zip'])),
}

export const http = {
  ...{ virtualHost: 'h.virtual', virtualPort: '443', localHost: 'h.corp', localPort: '443', description: 'd' },
  ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE', hostInHeader: 'VIRTUAL' },
}
export const rfc = {
  ...{ virtualHost: 'rfc.virtual', virtualPort: 'sapgw00', localHost: 'a', localPort: 'sapgw00', protocol: 'RFC' },
  ...{ backendType: 'abapSys', allowedClients: ['100'], blacklistedUsers: [{ client: '100', user: 'BOB' }] },
}
export const wish = { keySize: 2048, subjectDN: 'CN=a', subjectAltNames: [{ type: 'IP', value: '127.0.0.1' }] }
export const channels: Readonly<Record<string, object>> = {
  HANA: { hanaInstanceName: 'db', instanceNumber: '1', connections: '1' },
  VirtualMachine: { name: 'vm', endpointId: 'e', port: 3001, connections: 1 },
  ABAPCloud: { abapCloudTenantHost: 'abap.example', instanceNumber: 20, connections: 1 },
  K8S: { k8sCluster: 'cluster:443', k8sService: 's', port: 3002, connections: 1 },
}
const legacyChannel = { typeKey: 'RFC', details: 'abap.example', serviceNumber: '21', connectionCount: '1' }
const credentials = { user: cloudUser, password: cloudPassword }
export const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }

/** Bodies by the number of the operation; operations without one need none. */
export const bodies: Readonly<Record<string, unknown>> = {
  'API1 3': { description: 'd' },
  'API1 5': 'master',
  'API1 7': { haEnabled: true },
  'API1 9': { op: 'SWITCH' },
  'API1 12': { masterHost: '127.0.0.1', masterPort: 1 },
  'API1 14': { op: 'CONNECT', user: 'Administrator', password: 'x' },
  'API1 17': { host: 'proxy.test', port: 8080, user: 'u', password: 'p' },
  'API1 20': { password, user: 'Administrator' },
  'API1 21': { oldPassword: password, newPassword: 'other-pass' },
  'API1 22': { enable: false },
  'API1 24': { type: 'selfsigned', ...wish },
  'API1 25': { type: 'csr', ...wish },
  'API1 30': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  'API1 34': { type: 'selfsigned', ...wish },
  'API1 35': { type: 'csr', ...wish },
  'API1 41': { type: 'selfsigned', ...wish },
  'API1 42': { type: 'csr', ...wish },
  'API1 47': { trustAllBackends: false },
  'API1 52': { hostAgentPath: '/agent' },
  'API1 55': { password: 'secret' },
  'API1 58': pairing,
  'API1 60': { description: 'new' },
  'API1 62': { connected: true },
  'API1 63': credentials,
  'API1 64': { regionHost: otherRegionHost, cloudUser, cloudPassword },
  'API1 66': credentials,
  'API1 67': { active: true },
  'API1 72': { enabled: false },
  'API1 77': { ...http, virtualHost: 'new.virtual' },
  'API1 78': http,
  'API1 83': { id: '/new' },
  'API1 84': { enabled: true },
  'API2 14': { virtualDomain: 'v2', internalDomain: 'i2' },
  'API2 15': { virtualDomain: 'v3', internalDomain: 'i' },
  'API2 21': channels.HANA,
  'API2 22': channels.HANA,
  'API2 26': channels.VirtualMachine,
  'API2 27': channels.VirtualMachine,
  'API2 31': channels.ABAPCloud,
  'API2 32': channels.ABAPCloud,
  'API2 35': channels.K8S,
  'API2 36': channels.K8S,
  'API2 37': { enabled: false },
  'API2 38': { enabled: false },
  'API2 45': legacyChannel,
  'API2 46': legacyChannel,
  ...Object.fromEntries([49, 50, 51, 52].map((row) => [`API2 ${row}`, ['200']])),
  ...Object.fromEntries([59, 60, 61, 62].map((row) => [`API2 ${row}`, [{ client: '200', user: 'EVE' }]])),
}

/** The shape of a value, as far as a wanted shape looks into it. */
export function shapeOf(value: unknown, wanted: Shape): unknown {
  if (typeof wanted === 'string') return typeof value
  if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(value), 'a list is expected')
    for (const member of value) assert.deepEqual(shapeOf(member, wanted[0]), wanted[0])
    return wanted
  }
  const known = wanted as { readonly [name: string]: Shape }
  return Object.fromEntries(
    Object.entries(value as object).map(([name, member]) => [name, shapeOf(member, known[name] ?? 'object')]),
  )
}
