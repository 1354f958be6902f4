import {
  type AuditEvent,
  type ChannelService,
  type ConfigurationStore,
  type ConnectorRuntime,
  type HighAvailability,
  type Subaccount,
  type SubaccountService,
  subaccountOf,
  withSubaccount,
} from '@landbridge/connector'
import type { Clock, Log } from '@landbridge/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditTrail } from '../audit-trail.ts'
import { Fields } from '../body/fields.ts'
import type { CloudConnectorConfig } from '../config.ts'
import type { PayloadTraces } from '../trace/payload-traces.ts'
import { Links } from '../wire/links.ts'

/** What the operations of the API work with. */
export interface ApiContext {
  readonly config: CloudConnectorConfig
  readonly store: ConfigurationStore
  readonly trail: AuditTrail
  readonly subaccounts: SubaccountService
  readonly channels: ChannelService
  readonly runtime: Pick<ConnectorRuntime, 'traffic' | 'backendConnections'>
  readonly pair: HighAvailability
  readonly traces: PayloadTraces
  readonly logDirectory: string | undefined
  readonly clock: Clock
  readonly log: Log
  /** Monitoring starts over. */
  readonly forgetTraffic: () => void
  /** Port of a service of this machine, such as `sapmsERP`. */
  readonly servicePort?: (name: string) => number | undefined
  /** Cipher suites with which the administration port was started. */
  readonly suitesInUse: () => readonly string[]
  /** Restarts the administration once this answer has been delivered. */
  readonly restartAfter: (reply: FastifyReply) => void
}

/** Sends JSON without white space, its members in the order of the object. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(JSON.stringify(value))
}

export function sendNothing(reply: FastifyReply): FastifyReply {
  return reply.code(204).send()
}

export function sendCreated(reply: FastifyReply, location: string): FastifyReply {
  return reply.code(201).header('location', location).send()
}

export function linksOf(request: FastifyRequest, context: ApiContext): Links {
  return new Links(request, context.config.publicUrl)
}

/** Decoded parameters of the path. */
export function parameters(request: FastifyRequest): Readonly<Record<string, string>> {
  return request.params as Readonly<Record<string, string>>
}

/** Which part of the audit trail is asked for: `?limit=&before=<sequence number>`. */
export function auditPage(request: FastifyRequest): { readonly limit: number; readonly before: number } {
  const query = new Fields(request.query)
  const newest = Number.MAX_SAFE_INTEGER
  return { limit: query.count('limit', 1_000) ?? 100, before: query.count('before', newest) ?? newest }
}

/** The subaccount that the path names. @throws PlatformError CONNECTOR_SUBACCOUNT_NOT_FOUND */
export function subaccountIn(request: FastifyRequest, { store }: ApiContext): Subaccount {
  const { regionHost = '', subaccount = '' } = parameters(request)
  return subaccountOf(store.current, regionHost, subaccount)
}

/** Changes one subaccount in one transaction. `edit` sees the version that all earlier changes made. */
export function editSubaccount(
  context: ApiContext,
  request: FastifyRequest,
  event: Pick<AuditEvent, 'category' | 'action' | 'object'>,
  edit: (subaccount: Subaccount) => Subaccount,
): Promise<void> {
  const { regionHost, subaccountId } = subaccountIn(request, context)
  return context.store.change(request.actor, (current) => ({
    next: withSubaccount(current, edit(subaccountOf(current, regionHost, subaccountId))),
    audit: { ...event, subaccount: `${subaccountId}@${regionHost}` },
    result: undefined,
  }))
}
