import {
  type CertificateAuthorities,
  type CertificateFactsToKeep,
  certificateReferences,
  chainProblem,
  type DestinationStore,
  generateCertificate,
  generationOf,
  type Level,
  type ManagedCertificateStore,
  publicKeysOf,
  readCertificateBody,
  recogniseCertificate,
  type StoredCertificate,
} from '@landbridge/destinations'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { answeredByCondition } from '../conditional.ts'
import { answerBulk } from './bulk.ts'
import * as documentation from './documentation.ts'
import { labelRoutes } from './labels.ts'
import { type ByName, found, type LevelOf } from './level-routes.ts'
import { answerList, deletionSummary, namesToDelete } from './list.ts'

export interface CertificateRouteOptions {
  readonly store: ManagedCertificateStore
  readonly destinations: DestinationStore
  readonly authorities: CertificateAuthorities
  readonly clock: Clock
  readonly log: Log
}

const abilities = { filters: ['names', 'labels'], metadata: true } as const
/** Trust stores of a whole platform, several in one request. */
const bodyLimit = 16 * 1024 * 1024

/** `/v1/subaccountCertificates` and `/v1/instanceCertificates`: certificates and key stores of one level. */
export function certificateRoutes(
  api: FastifyInstance,
  path: string,
  options: CertificateRouteOptions,
  levelOf: LevelOf,
): void {
  const { store, clock } = options

  api.get(path, documentation.certificatesListed, (request, reply) =>
    answerList(request, reply, () => store.list(levelOf(request)), { path, abilities, nowMs: clock.now(), show }),
  )

  api.get<ByName>(`${path}/:name`, documentation.certificateShown, async (request, reply) => {
    const certificate = found(await store.find(levelOf(request), request.params.name))
    return answeredByCondition(request, reply, certificate.etag) ? reply : show(certificate)
  })

  api.get<ByName>(`${path}/:name/publicKeys`, documentation.publicKeysShown, async (request, reply) => {
    const certificate = found(await store.find(levelOf(request), request.params.name))
    return answeredByCondition(request, reply, certificate.etag) ? reply : publicKeysOf(certificate)
  })

  api.post(path, { ...documentation.certificatesCreated, bodyLimit }, async (request, reply) => {
    const level = levelOf(request)
    const create = async (body: unknown) => {
      const { name, content, facts } = await prepare(options, level, body)
      return (await store.create(level, name, content, facts)).etag
    }
    if (Array.isArray(request.body)) return answerBulk(reply, 201, request.body, create)
    reply.header('etag', await create(request.body))
    return reply.code(201).send()
  })

  api.put(path, { ...documentation.certificatesReplaced, bodyLimit }, async (request, reply) => {
    const level = levelOf(request)
    const replace = async (body: unknown) => {
      const { name, content, facts } = await prepare(options, level, body)
      return found(await store.replace(level, name, content, facts)).etag
    }
    if (Array.isArray(request.body)) return answerBulk(reply, 200, request.body, replace)
    reply.header('etag', await replace(request.body))
    return { Count: 1 }
  })

  // The contract refuses no deletion, so one of a certificate in use is done and reported.
  api.delete<ByName>(`${path}/:name`, documentation.certificateDeleted, async (request) => {
    const { name } = request.params
    if ((await store.remove(levelOf(request), name)) === 'absent') throw new PlatformError('DESTINATION_NOT_FOUND')
    await warnOfReferences(options, levelOf(request), new Set([name]))
    return { Count: 1 }
  })

  api.delete(path, documentation.certificatesDeleted, async (request) => {
    const names = namesToDelete(request)
    const removed = await store.removeAll(levelOf(request), names)
    await warnOfReferences(options, levelOf(request), removed)
    return deletionSummary(names, removed)
  })

  labelRoutes(api, path, store, levelOf)
}

/** Private keys included: that is what the contract is for. */
function show({ name, type, content }: StoredCertificate): object {
  return { Name: name, Type: type ?? 'CERTIFICATE', Content: content.toString('base64') }
}

interface Prepared {
  readonly name: string
  readonly content: Buffer
  readonly facts: CertificateFactsToKeep
}

/** Checks what is uploaded, or generates what is asked for. */
async function prepare({ authorities, clock, log }: CertificateRouteOptions, level: Level, body: unknown) {
  const wish = readCertificateBody(body)
  const { name } = wish
  const type = wish.type === undefined ? {} : { type: wish.type }
  if ('attributes' in wish) {
    const generation = generationOf(name, wish.type, wish.attributes)
    const toGenerate = { level, name, generation, ...type }
    const made = await generateCertificate(await authorities.current(), toGenerate, clock.now())
    return { name, ...made } satisfies Prepared
  }
  const { certificates } = recogniseCertificate(name, wish.content)
  const problem = chainProblem(certificates)
  if (problem !== undefined)
    log.warn('destination.certificate.chain-incomplete', {
      subaccountId: level.subaccountId,
      instanceId: level.instanceId,
      certificate: name,
      problem,
    })
  const expiresAtMs = certificates[0]?.validToDate.getTime()
  const facts = { ...type, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }
  return { name, content: wish.content, facts } satisfies Prepared
}

async function warnOfReferences(options: CertificateRouteOptions, level: Level, removed: ReadonlySet<string>) {
  if (removed.size === 0) return
  for (const { destination, certificate } of certificateReferences(await options.destinations.list(level), removed))
    options.log.warn('destination.certificate.removed-in-use', {
      subaccountId: level.subaccountId,
      instanceId: level.instanceId,
      certificate,
      destination,
    })
}
