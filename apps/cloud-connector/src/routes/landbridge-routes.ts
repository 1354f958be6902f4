import { explainAccess } from '@landbridge/access'
import { accessOf } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import type { Gate } from '../login/gatekeeper.ts'
import { securityStatus } from '../security-status.ts'
import { compatibleVersion, connectorVersion } from '../version.ts'
import { mappingJson } from '../wire/mapping-json.ts'
import { resourceJson } from '../wire/resource-json.ts'
import { type ApiContext, auditPage, linksOf, sendJson, sendNothing, subaccountIn } from './context.ts'

const base = '/api/v1/landbridge'
const subaccount = `${base}/subaccounts/:regionHost/:subaccount`

/** What the original does not offer: explanations, the audit trail, and a log-in for pages. */
export function landbridgeRoutes(api: FastifyInstance, context: ApiContext, gate: Gate): void {
  sessionRoutes(api, gate)
  api.get(`${base}/about`, (_request, reply) => {
    const { installationId } = context.store.current.settings
    return sendJson(reply, { version: connectorVersion, compatibleVersion, installationId })
  })
  api.get(`${base}/securityStatus`, (_request, reply) =>
    sendJson(
      reply,
      securityStatus({
        configuration: context.store.current,
        cipherSuites: context.suitesInUse(),
        nowMs: context.clock.now(),
        tunnelOf: (found) => context.subaccounts.status(found),
      }),
    ),
  )
  api.get(`${subaccount}/access`, (request, reply) => sendJson(reply, explain(request, context)))
  api.get(`${subaccount}/tunnel`, (request, reply) =>
    sendJson(reply, context.subaccounts.status(subaccountIn(request, context))),
  )
  api.get(`${base}/audit`, async (request, reply) => {
    const { limit, before } = auditPage(request)
    return sendJson(reply, await context.trail.audit(limit, before))
  })
  api.get(`${base}/audit/verification`, async (_request, reply) => {
    const brokenAt = await context.trail.verifyAudit()
    return sendJson(reply, brokenAt === undefined ? { intact: true } : { intact: false, brokenAt })
  })
}

function sessionRoutes(api: FastifyInstance, { store, passwords, sessions }: Gate): void {
  api.get(`${base}/session`, (request, reply) => {
    const { administrator } = store.current.settings
    return sendJson(reply, { user: request.actor, hasInitialPassword: administrator.hasInitialPassword })
  })
  api.post(`${base}/session`, async (request, reply) => {
    const fields = readFields(request)
    const { administrator } = store.current.settings
    const user = fields.required('user')
    const roles = await passwords.login(store.current, user, fields.required('password'), request.ip)
    if (roles === undefined) throw new PlatformError('CONNECTOR_LOGIN_REQUIRED')
    request.session = sessions.start(user, administrator.generation, roles)
    return sendNothing(reply)
  })
  api.delete(`${base}/session`, async (request, reply) => {
    if (request.session !== null) sessions.end(request.session)
    request.session = null
    return sendNothing(reply)
  })
}

/** Why would this request pass or be denied? `?host=&port=&path=&websocket=`; without a path it is a TCP connection. */
function explain(request: FastifyRequest, context: ApiContext): object {
  const found = subaccountIn(request, context)
  const query = new Fields(request.query)
  const path = query.text('path')
  const explanation = explainAccess(accessOf(found), found.mappings.values(), {
    virtualHost: query.required('host'),
    virtualPort: query.port('port'),
    ...(path === undefined ? {} : { path }),
    isWebSocketUpgrade: query.flag('websocket') ?? false,
  })
  const { mapping, resources, ...rest } = explanation
  return {
    ...rest,
    ...(mapping === undefined ? {} : { mapping: mappingJson(mapping, found, linksOf(request, context)) }),
    resources: resources.map(({ resource, effect }) => ({ effect, resource: resourceJson(resource, {}) })),
  }
}
