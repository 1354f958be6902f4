import {
  type CertificateStore,
  type ConfigurationTransactions,
  checkConnection,
  type DestinationStore,
  destinationTemplates,
  duplicateDestination,
  type ExistingPolicy,
  effectiveDestination,
  importDestinations,
  instanceLevel,
  type Level,
  type Probes,
  type StoredDestination,
  subaccountLevel,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'
import { mayReadCertificates, type RolesOf } from '../user-roles.ts'
import { exportOne, exportText } from './export-file.ts'
import { type ImportBody, readImport } from './import-body.ts'

export interface AdministrationRoutesOptions {
  readonly store: DestinationStore
  readonly transactions: ConfigurationTransactions
  readonly certificates?: Pick<CertificateStore, 'find'> | undefined
  readonly probes: Probes
  /** Present when the roles of users are checked. */
  readonly rolesOf?: RolesOf
}

type ByName = { Params: { name: string } }
type LevelOf = (request: FastifyRequest) => Level

const copy = Type.Object({ Name: Type.String() }, { additionalProperties: false })

/**
 * What the editor of the destinations does besides the published REST API (guide L5510-5567): import, export, duplicate,
 * check, templates. Callers authenticate as for the REST API.
 */
export function administrationRoutes(api: FastifyInstance, options: AdministrationRoutesOptions): void {
  takeFiles(api)
  api.get('/templates', documented('Templates of destinations'), async () => destinationTemplates)
  const caller = (request: FastifyRequest) => request.getDecorator<Caller>('caller')
  levelRoutes(api, '/subaccountDestinations', options, (request) => subaccountLevel(caller(request).scope))
  levelRoutes(api, '/instanceDestinations', options, (request) => instanceLevel(caller(request).scope))
}

function documented(summary: string, body?: TSchema) {
  return {
    schema: { tags: ['Administration'], summary, security: [{ bearer: [] }], ...(body === undefined ? {} : { body }) },
  }
}

/** Files are bytes in ISO 8859-1, whatever character set the request claims (guide L6266). */
function takeFiles(api: FastifyInstance): void {
  api.removeContentTypeParser('text/plain')
  api.addContentTypeParser(['text/plain', 'application/octet-stream'], { parseAs: 'buffer' }, (_request, bytes, done) =>
    done(null, bytes),
  )
}

function levelRoutes(
  api: FastifyInstance,
  path: string,
  { store, transactions, certificates, probes, rolesOf }: AdministrationRoutesOptions,
  level: LevelOf,
): void {
  api.post(`${path}/import`, documented('Import destinations from a file or JSON'), async (request, reply) => {
    const destinations = readImport(request.body as ImportBody) // one of the parsers above, or that for JSON
    const imported = await importDestinations(transactions, level(request), destinations, policyOf(request))
    return reply.code(imported.some(({ outcome }) => outcome === 'created') ? 201 : 200).send({ imported })
  })

  api.get(`${path}/export`, documented('Export all destinations, or those named'), async (request, reply) => {
    const all = await store.list(level(request))
    return sendText(reply, 'destinations', exportText(chosen(all, request)))
  })

  api.get<ByName>(
    `${path}/:name/export`,
    documented('Export a destination, with its key store'),
    async (request, reply) => {
      const destination = await existing(store, level(request), request.params.name)
      const family = path === '/subaccountDestinations' ? 'subaccount' : 'instance'
      const withStore = rolesOf === undefined || (await mayReadCertificates(rolesOf, request, family))
      const file = await exportOne(destination, withStore ? certificates : undefined)
      if (typeof file === 'string') return sendText(reply, destination.name, file)
      return attachment(reply, `${fileName(destination.name)}.zip`)
        .type('application/zip')
        .send(file)
    },
  )

  api.get<ByName>(`${path}/:name/effective`, documented('Read a destination with its defaults'), async (request) =>
    effectiveDestination((await existing(store, level(request), request.params.name)).properties),
  )

  api.post<ByName>(
    `${path}/:name/duplicate`,
    documented('Copy a destination under another name', copy),
    async (request, reply) => {
      const { Name } = request.body as Static<typeof copy>
      const created = await duplicateDestination(store, level(request), request.params.name, Name)
      return reply.code(201).header('etag', created.etag).send({ Name })
    },
  )

  api.post<ByName>(`${path}/:name/check`, documented('Check whether the target can be reached'), async (request) =>
    checkConnection(await existing(store, level(request), request.params.name), probes),
  )
}

async function existing(store: DestinationStore, level: Level, name: string): Promise<StoredDestination> {
  const destination = await store.find(level, name)
  if (destination === undefined) throw new PlatformError('DESTINATION_NOT_FOUND')
  return destination
}

/** All destinations of the level, or those that `?name=` lists. */
function chosen(all: readonly StoredDestination[], request: FastifyRequest): readonly StoredDestination[] {
  const { name } = request.query as Readonly<Record<string, unknown>> // fastify's parser gives an object
  if (name === undefined) return all
  return [name].flat().map((wanted) => {
    const found = all.find((destination) => destination.name === wanted)
    if (found === undefined) throw new PlatformError('DESTINATION_NOT_FOUND')
    return found
  })
}

function policyOf(request: FastifyRequest): ExistingPolicy {
  const { existing: policy = 'fail' } = request.query as Readonly<Record<string, unknown>>
  if (policy === 'fail' || policy === 'ignore' || policy === 'update') return policy
  throw new PlatformError('DESTINATION_QUERY_INVALID', {
    parameter: 'existing',
    reason: 'must be fail, ignore or update',
  })
}

function sendText(reply: FastifyReply, name: string, text: string): FastifyReply {
  return attachment(reply, fileName(name)).type('text/plain; charset=iso-8859-1').send(Buffer.from(text, 'latin1'))
}

function attachment(reply: FastifyReply, name: string): FastifyReply {
  return reply.header('content-disposition', `attachment; filename="${name}"`).header('cache-control', 'no-store')
}

function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, '_')
}
