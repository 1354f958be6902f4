import type { ConnectorSettings, HttpsProxy } from '@landbridge/connector'
import { Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import type { Fields } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { changeSettings } from './connector-routes.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const url = '/api/v1/configuration/connector/proxy'

/** The HTTPS proxy on the way to the cloud (guide L22184). */
export function proxyRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(url, (_request, reply) => sendJson(reply, proxyJson(context.store.current.settings.httpsProxy)))
  api.put(url, async (request, reply) => {
    const fields = readFields(request)
    const proxy = fields.isEmpty() ? undefined : readProxy(fields)
    await changeSettings(context, request, 'proxy', (settings) => withProxy(settings, proxy))
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await changeSettings(context, request, 'proxy', (settings) => withProxy(settings, undefined))
    return sendNothing(reply)
  })
}

/** The port is a number on the way in and a text on the way out; the password never comes back. */
function proxyJson(proxy: HttpsProxy | undefined): object {
  if (proxy === undefined) return {}
  return {
    host: proxy.host,
    port: String(proxy.port),
    user: proxy.user ?? '',
    ...(proxy.password === undefined ? {} : { password: '***' }),
  }
}

/** Absent user and password are emptied, not kept (guide L22238). */
function readProxy(fields: Fields): HttpsProxy {
  const user = fields.text('user') ?? ''
  const password = fields.text('password') ?? ''
  return {
    host: fields.host('host'),
    port: fields.port('port'),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password: new Secret(password) }),
  }
}

function withProxy(settings: ConnectorSettings, proxy: HttpsProxy | undefined): ConnectorSettings {
  const { httpsProxy, ...rest } = settings
  return proxy === undefined ? rest : { ...rest, httpsProxy: proxy }
}
