import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { invalid } from '../body/fields.ts'
import { memoryJson } from '../wire/memory-json.ts'
import { type ClassifiedCertificates, classifiedCertificates } from '../wire/monitored-certificates.ts'
import { type ApiContext, parameters, sendJson } from './context.ts'

const base = '/api/monitoring'
const classes = ['expired', 'expiring', 'ok'] as const

/** What monitoring tools ask of the connector as a whole, of the master only (guide L29611, L29659). */
export function hostMonitoringRoutes(api: FastifyInstance, { store, config, clock }: ApiContext): void {
  const ofMaster = (): void => {
    if (store.current.settings.haRole === 'shadow') throw new PlatformError('CONNECTOR_NOT_MASTER')
  }
  const certificates = (): ClassifiedCertificates =>
    classifiedCertificates(store.current, clock.now(), config.certificateAlertDays)
  api.get(`${base}/memory`, (_request, reply) => {
    ofMaster()
    return sendJson(reply, memoryJson())
  })
  api.get(`${base}/certificates`, (_request, reply) => {
    ofMaster()
    return sendJson(reply, certificates())
  })
  api.get(`${base}/certificates/:selection`, (request, reply) => {
    ofMaster()
    const { selection } = parameters(request)
    const found = classes.find((name) => name === selection)
    if (found === undefined) throw new PlatformError('NOT_FOUND', { method: 'GET', path: request.url })
    return sendJson(reply, certificates()[found])
  })
}

/** What load balancers and watchdogs ask without credentials (guide L29345, L29852). */
export function probeRoutes(api: FastifyInstance, { store }: ApiContext): void {
  api.get('/exposed', (request, reply) => {
    const { action } = request.query as Readonly<Record<string, unknown>>
    const isMaster = store.current.settings.haRole === 'master'
    reply.type('text/plain; charset=utf-8')
    if (action === 'ping') return reply.send('')
    if (action === 'hasMasterRole') return reply.send(String(isMaster))
    if (action === 'ensureMasterRole') return reply.code(isMaster ? 200 : 409).send(String(isMaster))
    throw invalid('action', 'must be ping, hasMasterRole or ensureMasterRole')
  })
}
