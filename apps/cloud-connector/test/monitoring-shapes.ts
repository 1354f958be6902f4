// What the lists of the monitoring API look like to a client that decodes strictly.
import assert from 'node:assert/strict'

export type Shape = 'string' | 'integer' | 'boolean' | readonly [Shape] | { readonly [name: string]: Shape }

/** As strict clients decode: every member there, none null, numbers whole where they say so. */
export function conforms(value: unknown, shape: Shape, path = '$'): void {
  if (Array.isArray(shape)) {
    assert.ok(Array.isArray(value), path)
    for (const [at, item] of value.entries()) conforms(item, shape[0], `${path}[${at}]`)
  } else if (typeof shape === 'object') {
    assert.ok(typeof value === 'object' && value !== null, path)
    for (const [name, inner] of Object.entries(shape))
      conforms((value as Record<string, unknown>)[name], inner, `${path}.${name}`)
  } else if (shape === 'integer') assert.ok(Number.isInteger(value), `${path}: ${value}`)
  else assert.equal(typeof value, shape, path)
}

const place: Shape = { regionHost: 'string', subaccount: 'string', locationID: 'string' }
const list = (item: Shape): Shape => ({ subaccounts: [{ ...place, ...(item as object) }], version: 'integer' })
const certificate = { notAfterTimeStamp: 'integer', notBeforeTimeStamp: 'integer', subjectDN: 'string' } as const
export const subaccounts = list({
  description: 'string',
  displayName: 'string',
  tunnel: {
    ...{ state: 'string', connectedSinceTimeStamp: 'integer', connectedSince: 'string', connections: 'integer' },
    applicationConnections: [{ connectionCount: 'integer', name: 'string', type: 'string' }],
    serviceChannels: [{ type: 'string', state: 'string', details: 'string', comment: 'string' }],
    user: 'string',
    subaccountCertificate: { ...certificate, issuer: 'string' },
  },
})
export const backends = list({
  backendConnections: [
    { virtualBackend: 'string', internalBackend: 'string', protocol: 'string', idle: 'integer', active: 'integer' },
  ],
})
export const performance = list({
  backendPerformance: [
    {
      ...{ virtualHost: 'string', virtualPort: 'string', protocol: 'string' },
      buckets: [{ numberOfCalls: 'integer', minimumCallDurationMs: 'integer', minimumCallDurationsMs: 'integer' }],
    },
  ],
  sinceTime: 'string',
})
export const consumers = list({
  sinceTime: 'string',
  requests: [
    {
      ...{ startTime: 'string', id: 'integer', protocol: 'string', virtualBackend: 'string', resource: 'string' },
      ...{ internalBackend: 'string', sentBytes: 'integer', receivedBytes: 'integer', user: 'string' },
      ...{ totalTime: 'integer', externalTime: 'integer', genSsoTime: 'integer', openRemoteTime: 'integer' },
      ...{ validateSsoTime: 'integer', validationSsoTime: 'integer', latencyTime: 'integer' },
    },
  ],
})
export const share: Shape = { total: 'integer', CloudConnector: 'integer', others: 'integer', free: 'integer' }
