import { TLSSocket } from 'node:tls'
import { isProven, peerPath, proofHeader, readPosition, readStatus } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { type ApiContext, sendJson } from './context.ts'

/** How master and shadow talk to each other; see `docs/protocol/high-availability.md`. */
export function peerRoutes(api: FastifyInstance, context: ApiContext): void {
  const { pair } = context
  api.post(`${peerPath}register`, async (request, reply) => {
    const body = readJson(request)
    const fields = new Fields(body)
    const certificate = fields.required('certificate')
    if (!isProven(tlsOf(request), certificate, proofOf(request)))
      throw invalid('certificate', 'is not the one of the caller')
    // The gate has let an administrator pass; whoever is none has to be known.
    if (request.actor === '') requirePeer(request, context)
    const registration = { ...readStatus(body), protocol: Number(fields.text('protocol')), certificate }
    const actor = request.actor === '' ? 'shadow' : request.actor
    return sendJson(reply, await pair.acceptShadow(registration, addressOf(request), actor))
  })
  api.post(`${peerPath}status`, async (request, reply) => {
    requirePeer(request, context)
    return sendJson(reply, await pair.acceptStatus(readStatus(readJson(request)), addressOf(request)))
  })
  api.post(`${peerPath}watch`, async (request, reply) => {
    requirePeer(request, context)
    const { position } = (readJson(request) ?? {}) as { position?: unknown }
    const gone = new AbortController()
    request.raw.socket.once('close', () => gone.abort())
    const applied = position === undefined ? undefined : readPosition(position)
    return sendJson(reply, await pair.master.acceptWatch(applied, addressOf(request), gone.signal))
  })
  api.post(`${peerPath}leave`, async (request, reply) => {
    requirePeer(request, context)
    await pair.master.acceptLeave()
    return sendJson(reply, {})
  })
  api.get('/api/v1/landbridge/ha', (_request, reply) => {
    const { haRole, haPeer, haTerm } = context.store.current.settings
    const { problem } = pair.master
    return sendJson(reply, {
      role: haRole,
      term: haTerm?.number ?? 1,
      state: haRole === 'shadow' ? pair.shadow.state().state : pair.master.state().state,
      ...(haPeer === undefined
        ? {}
        : {
            peer: {
              host: haPeer.host,
              port: haPeer.port,
              version: haPeer.version,
              checkIntervalInSeconds: haPeer.checkIntervalMs / 1_000,
              takeoverDelayInSeconds: haPeer.takeoverDelayMs / 1_000,
            },
          }),
      ...(problem === undefined ? {} : { problem }),
    })
  })
}

/** @throws PlatformError CONNECTOR_LOGIN_REQUIRED unless the caller has proven to be the other instance. */
function requirePeer(request: FastifyRequest, { store }: ApiContext): void {
  const known = store.current.settings.haPeer?.certificate
  if (known === undefined || !isProven(tlsOf(request), known, proofOf(request)))
    throw new PlatformError('CONNECTOR_LOGIN_REQUIRED')
}

function proofOf(request: FastifyRequest): string {
  const proof = request.headers[proofHeader]
  return typeof proof === 'string' && proof.length < 10_000 ? proof : ''
}

function tlsOf(request: FastifyRequest): TLSSocket {
  const { socket } = request.raw
  if (!(socket instanceof TLSSocket)) throw new PlatformError('CONNECTOR_LOGIN_REQUIRED')
  return socket
}

/** Where the connection comes from, without the dressing of IPv4 in IPv6. */
function addressOf(request: FastifyRequest): string {
  return (request.raw.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}
