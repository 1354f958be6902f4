import {
  type AuditCategory,
  type AuditEvent,
  importSubaccount,
  type MergeReport,
  type Subaccount,
  type SubaccountContent,
  type SubaccountImport,
  subaccountOf,
} from '@landbridge/connector'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invalid } from '../body/fields.ts'
import { mediaType, readFields, readMultipart } from '../body/read-body.ts'
import { fromArchive, toArchive } from '../wire/archive.ts'
import { mappingsContent, readMappings, readSubaccountContent, subaccountContent } from '../wire/archive-json.ts'
import { type ApiContext, sendJson, subaccountIn } from './context.ts'

const base = '/api/v1/configuration/subaccounts/:regionHost/:subaccount'
/** A large configuration has to pass. */
const bodyLimit = 16 * 1024 * 1024

/** What is carried over: the access control alone, or both directions of the subaccount. */
type Scope = 'accessControl' | 'subaccount'

/** Where a configuration comes from: a file that was uploaded, or another subaccount of this connector. */
interface Source {
  readonly from: string
  /** Decides with the version that all earlier changes made. */
  readonly content: (source: (regionHost: string, id: string) => Subaccount) => SubaccountContent
  readonly options: { readonly overwrite: boolean; readonly includeResources: boolean }
}

/** Export, import and copy of access control (guide L21027) and of subaccounts (guide L19440), which have pages only. */
export function transferRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(`${base}/accessControl/export`, (request, reply) => {
    const { mappings } = subaccountIn(request, context)
    return sendArchive(reply, 'access-control.zip', toArchive('accessControl', mappingsContent(mappings.values())))
  })
  api.get(`${base}/export`, (request, reply) =>
    sendArchive(reply, 'subaccount.zip', toArchive('subaccount', subaccountContent(subaccountIn(request, context)))),
  )
  api.post(`${base}/accessControl/import`, { bodyLimit }, (request, reply) =>
    takeOver(context, request, reply, 'accessControl'),
  )
  api.post(`${base}/import`, { bodyLimit }, (request, reply) => takeOver(context, request, reply, 'subaccount'))
}

export function sendArchive(reply: FastifyReply, name: string, archive: Buffer): FastifyReply {
  return reply
    .header('content-type', 'application/zip')
    .header('content-disposition', `attachment;filename="${name}"`)
    .send(archive)
}

/** One change for all entries: it is stored and takes effect as a whole, or not at all. */
async function takeOver(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  scope: Scope,
): Promise<FastifyReply> {
  const { regionHost, subaccountId } = subaccountIn(request, context)
  const source = await readSource(context, request, scope)
  const report = await context.store.change(request.actor, (current) => {
    const target = subaccountOf(current, regionHost, subaccountId)
    const content = source.content((host, id) => {
      const other = subaccountOf(current, host, id)
      if (other === target) throw invalid('subaccount', 'is the one that is imported into')
      return other
    })
    for (const { port } of content.channels)
      if (port === request.socket.localPort)
        throw invalid('port', `${port} is the administration port of this connector`)
    const { next, ...reports } = importSubaccount(current, target, content, source.options)
    return { next, audit: events(reports, `${subaccountId}@${regionHost}`, source.from), result: reports }
  })
  return sendJson(reply, {
    systemMappings: report.mappings,
    ...(scope === 'accessControl' ? {} : { domainMappings: report.domainMappings, channels: report.channels }),
  })
}

async function readSource(context: ApiContext, request: FastifyRequest, scope: Scope): Promise<Source> {
  const nowMs = context.clock.now()
  if (mediaType(request) === 'multipart/form-data') {
    const parts = readMultipart(request)
    const document = await fromArchive(parts.bytes('archive'), scope)
    const content =
      scope === 'accessControl' ? onlyMappings(readMappings(document, nowMs)) : readSubaccountContent(document, nowMs)
    const flag = (name: string): boolean | undefined => flagOf(name, parts.text(name))
    return { from: 'file', content: () => content, options: toOptions(flag) }
  }
  const fields = readFields(request)
  const [regionHost, id] = [fields.required('regionHost'), fields.required('subaccount')]
  return {
    from: `${id}@${regionHost}`,
    content: (find) => contentOf(find(regionHost, id), scope, nowMs),
    options: toOptions((name) => fields.flag(name)),
  }
}

function contentOf({ mappings, domainMappings, channels }: Subaccount, scope: Scope, nowMs: number): SubaccountContent {
  const copies = Array.from(mappings.values(), (mapping) => ({
    ...mapping,
    createdAtMs: nowMs,
    resources: mapping.resources.map((resource) => ({ ...resource, createdAtMs: nowMs })),
  }))
  if (scope === 'accessControl') return onlyMappings(copies)
  const wishes = Array.from(channels.values(), ({ target, port, connections, comment }) => ({
    ...{ target, port, connections, comment },
  }))
  return { mappings: copies, domainMappings: [...domainMappings.values()], channels: wishes }
}

function onlyMappings(mappings: SubaccountContent['mappings']): SubaccountContent {
  return { mappings, domainMappings: [], channels: [] }
}

function toOptions(flag: (name: string) => boolean | undefined): Source['options'] {
  return { overwrite: flag('overwrite') ?? false, includeResources: flag('includeResources') ?? true }
}

function flagOf(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return undefined
  if (text !== 'true' && text !== 'false') throw invalid(name, 'must be true or false')
  return text === 'true'
}

/** One entry for each one that the import made or replaced. */
function events(reports: Omit<SubaccountImport, 'next'>, subaccount: string, from: string): readonly AuditEvent[] {
  const of = (category: AuditCategory, { created, replaced }: MergeReport): AuditEvent[] => [
    ...created.map(
      (object): AuditEvent => ({ ...{ category, action: 'create', object, subaccount }, details: { from } }),
    ),
    ...replaced.map(
      (object): AuditEvent => ({ ...{ category, action: 'update', object, subaccount }, details: { from } }),
    ),
  ]
  return [
    ...of('BackendMapping', reports.mappings),
    ...of('DomainMapping', reports.domainMappings),
    ...of('ServiceChannelConfiguration', reports.channels),
  ]
}
