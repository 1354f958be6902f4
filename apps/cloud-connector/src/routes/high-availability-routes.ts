import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type ConnectorSettings, defaultShadowSettings, type ShadowSettings } from '@landbridge/connector'
import { PlatformError, Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { changeSettings } from './connector-routes.ts'
import { type ApiContext, linksOf, sendJson, sendNothing } from './context.ts'

const base = '/api/v1/configuration/connector/ha'

/** Settings and states of master and shadow (guide L21800). */
export function highAvailabilityRoutes(api: FastifyInstance, context: ApiContext): void {
  masterRoutes(api, context)
  shadowRoutes(api, context)
}

function masterRoutes(api: FastifyInstance, context: ApiContext): void {
  const { pair } = context
  const master = (): ConnectorSettings => {
    const { settings } = context.store.current
    // The guide prescribes 400 here and 403 the other way round (guide L21812, L21977).
    if (settings.haRole !== 'master') throw new PlatformError('CONNECTOR_NOT_MASTER')
    return settings
  }
  api.get(`${base}/master/config`, (_request, reply) => sendJson(reply, masterJson(master())))
  api.put(`${base}/master/config`, async (request, reply) => {
    const before = masterJson(master())
    const fields = readFields(request)
    const haMaster = {
      haEnabled: fields.flag('haEnabled') ?? before.haEnabled,
      allowedShadowHost: readHost(fields, 'allowedShadowHost') ?? before.allowedShadowHost,
    }
    await changeSettings(context, request, 'haMaster', (settings) => ({ ...settings, haMaster }))
    return sendNothing(reply)
  })
  api.get(`${base}/master/state`, (_request, reply) => {
    master()
    return sendJson(reply, pair.master.state())
  })
  api.post(`${base}/master/state`, async (request, reply) => {
    master()
    const operation = readOperation(readFields(request), ['SWITCH', 'FORCE_SWITCH'])
    await pair.switchRoles(request.actor, operation === 'FORCE_SWITCH')
    return sendNothing(reply)
  })
  api.delete(`${base}/master/state`, async (request, reply) => {
    master()
    await pair.master.reset(request.actor)
    return sendNothing(reply)
  })
}

function shadowRoutes(api: FastifyInstance, context: ApiContext): void {
  const { pair } = context
  const shadow = (): ShadowSettings => {
    const { settings } = context.store.current
    if (settings.haRole !== 'shadow') throw new PlatformError('CONNECTOR_IS_MASTER')
    return settings.haShadow ?? defaultShadowSettings
  }
  api.get(`${base}/shadow/config`, (request, reply) => {
    const links = linksOf(request, context)
    const _links = {
      self: links.link('/connector/ha/shadow/config'),
      state: links.link('/connector/ha/shadow/state'),
    }
    return sendJson(reply, { ...shadow(), _links })
  })
  api.put(`${base}/shadow/config`, async (request, reply) => {
    const haShadow = readShadow(readFields(request), shadow())
    await changeSettings(context, request, 'haShadow', (settings) => ({ ...settings, haShadow }))
    return sendJson(reply, haShadow)
  })
  api.get(`${base}/shadow/state`, (_request, reply) => {
    shadow()
    const { state, message, versions } = pair.shadow.state()
    return sendJson(reply, {
      state,
      ownHosts: [...new Set([hostname(), ...context.config.dnsNames])],
      ...(message === undefined ? {} : { stateMessage: message }),
      ...(versions === undefined ? {} : { masterVersions: versions }),
    })
  })
  api.post(`${base}/shadow/state`, async (request, reply) => {
    shadow()
    const fields = readFields(request)
    if (readOperation(fields, ['CONNECT', 'DISCONNECT']) === 'DISCONNECT') await pair.shadow.disconnect(request.actor)
    else await pair.shadow.connect(request.actor, readCredentials(fields), readFingerprint(fields))
    return sendNothing(reply)
  })
  api.delete(`${base}/shadow/state`, async (request, reply) => {
    shadow()
    await pair.shadow.reset(request.actor, randomUUID())
    return sendNothing(reply)
  })
}

/** Both or none. */
function readCredentials(fields: Fields): { user: string; password: Secret } | undefined {
  if (!fields.text('user') && !fields.text('password')) return undefined
  return { user: fields.required('user'), password: new Secret(fields.required('password')) }
}

/** Beyond the guide: what the certificate of the master has to be before it gets the password. */
function readFingerprint(fields: Fields): string | undefined {
  const text = fields.text('masterFingerprint')
  if (text === undefined || text === '') return undefined
  const plain = text.replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(plain)) throw invalid('masterFingerprint', 'must be a SHA-256 in hexadecimal')
  return plain
}

function masterJson({ haMaster }: ConnectorSettings): { haEnabled: boolean; allowedShadowHost: string } {
  return { haEnabled: haMaster?.haEnabled ?? false, allowedShadowHost: haMaster?.allowedShadowHost ?? '' }
}

function readOperation<T extends string>(fields: Fields, operations: readonly T[]): T {
  const wanted = fields.required('op')
  const operation = operations.find((candidate) => candidate === wanted)
  if (operation === undefined) throw invalid('op', `must be one of ${operations.join(', ')}`)
  return operation
}

/** What is absent stays as it is. */
function readShadow(fields: Fields, before: ShadowSettings): ShadowSettings {
  return {
    masterHost: readHost(fields, 'masterHost') ?? before.masterHost,
    masterPort: fields.text('masterPort')
      ? String(fields.port('masterPort'))
      : (fields.text('masterPort') ?? before.masterPort),
    ownHost: readHost(fields, 'ownHost') ?? before.ownHost,
    checkIntervalInSeconds: readDuration(fields, 'checkIntervalInSeconds') ?? before.checkIntervalInSeconds,
    takeoverDelayInSeconds: readDuration(fields, 'takeoverDelayInSeconds') ?? before.takeoverDelayInSeconds,
    connectTimeoutInMillis: readDuration(fields, 'connectTimeoutInMillis') ?? before.connectTimeoutInMillis,
    requestTimeoutInMillis: readDuration(fields, 'requestTimeoutInMillis') ?? before.requestTimeoutInMillis,
  }
}

function readHost(fields: Fields, name: string): string | undefined {
  const host = fields.text(name)
  if (host !== undefined && host !== '' && !/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(host))
    throw invalid(name, 'must be a host name')
  return host
}

function readDuration(fields: Fields, name: string): number | undefined {
  const text = fields.text(name)
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw invalid(name, 'must be a whole number')
  return Number(text)
}
