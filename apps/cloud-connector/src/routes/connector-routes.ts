import type { AuditCategory, ConnectorConfiguration, ConnectorSettings, HaRole } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid, refuseLonger } from '../body/fields.ts'
import { readFields, readJson } from '../body/read-body.ts'
import { compatibleVersion } from '../version.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

/** Common properties, version and role of the instance (guide L21653). */
export function connectorRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get('/api/v1/connector/version', (_request, reply) =>
    sendJson(reply.header('cache-control', 'max-age=3600'), { version: compatibleVersion }),
  )
  api.get('/api/v1/configuration/connector', (_request, reply) => sendJson(reply, commonProperties(store.current)))
  api.put('/api/v1/configuration/connector', async (request, reply) => {
    const description = readFields(request, ['text/plain']).strictText('description')
    refuseLonger('description', description)
    await changeSettings(context, request, 'connector', (settings) => ({ ...settings, description }))
    return sendJson(reply, commonProperties(store.current))
  })
  api.get('/api/v1/configuration/connector/haRole', (_request, reply) => sendJson(reply, store.current.settings.haRole))
  for (const method of ['POST', 'PUT'] as const)
    api.route({
      method,
      url: '/api/v1/configuration/connector/haRole',
      async handler(request, reply) {
        const role = readRole(request)
        if (
          role === 'shadow' &&
          store.current.settings.haRole === 'master' &&
          context.pair.master.state().state === 'CONNECTED'
        ) {
          await context.pair.switchRoles(request.actor, false)
          return sendNothing(reply)
        }
        await changeSettings(context, request, 'haRole', (settings) => {
          if (settings.haRole !== 'undefined')
            throw new PlatformError('CONNECTOR_ROLE_FIXED', { role: settings.haRole })
          return { ...settings, haRole: role }
        })
        return sendNothing(reply)
      },
    })
}

function commonProperties({ settings }: ConnectorConfiguration): object {
  return { ha: settings.haRole, description: settings.description }
}

function readRole(request: FastifyRequest): HaRole {
  const role = readJson(request, ['text/plain'])
  if (role === 'master' || role === 'shadow') return role
  throw invalid('haRole', 'must be "master" or "shadow"')
}

/** Settings that have a category of their own in the audit trail (guide L30040). */
const categories: Readonly<Record<string, AuditCategory>> = {
  proxy: 'ProxySettings',
  truststore: 'TrustedBackendCertificate',
}

/** Changes settings of the connector as a whole. */
export function changeSettings(
  { store }: ApiContext,
  request: FastifyRequest,
  object: string,
  edit: (settings: ConnectorSettings) => ConnectorSettings,
): Promise<void> {
  return store.change(request.actor, (current) => ({
    next: { ...current, settings: edit(current.settings) },
    audit: { category: categories[object] ?? 'Configuration', action: 'update', object },
    result: undefined,
  }))
}
