import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { type Clock, type Log, PlatformError, type Problem, systemClock, toProblem } from '@landbridge/kernel'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { answerBrokenHttp } from './broken-http.ts'
import { endInTime } from './end-in-time.ts'
import { assertPlainInput } from './plain-input.ts'
import { type ValidationError, validationFacts } from './validation-facts.ts'

/** @param path what was asked for, without the query; '' where not even that could be read */
export type ErrorBody = (problem: Problem, thrown: unknown, path: string) => { contentType: string; body: unknown }

export interface ApiOptions {
  readonly log: Log
  /** For the time that connections have at the end; that of the machine by default. */
  readonly clock?: Clock
  /** Largest accepted request body in bytes. */
  readonly bodyLimitBytes?: number
  /** Serves https when set. The callback form lets a certificate be renewed without a restart. */
  readonly https?: { readonly key: string; readonly cert: string; readonly [option: string]: unknown }
  /** Error body of a surface whose contract prescribes its own; RFC 9457 problem documents otherwise. */
  readonly errorBody?: ErrorBody
  /** True once the service can do its job; `/health/ready` answers 503 until then. */
  readonly ready?: () => boolean | Readiness | Promise<boolean | Readiness>
  /** Paths below which a request is not logged at debug level either (health checks). */
  readonly quiet?: readonly string[]
}

/** Whether a service can do its job, with what else its health endpoint tells. */
export interface Readiness {
  readonly ready: boolean
  readonly [fact: string]: unknown
}

/** Two access tokens with many scopes do not fit into Node's default of 16 KiB for all headers. */
const maxHeaderSize = 64 * 1024

/** Names a request in our logs: as the caller has it, or made here. */
const requestIdHeader = 'x-correlationid'

/** A fastify instance with the platform's request IDs, error mapping, request log and health endpoints. */
export function createApi(options: ApiOptions): FastifyInstance {
  const api = fastify({
    bodyLimit: options.bodyLimitBytes ?? 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    genReqId: (request: { headers: Record<string, string | string[] | undefined> }) =>
      headerText(request.headers[requestIdHeader]) ?? randomUUID(),
    requestIdHeader: false,
    ...(options.https === undefined ? { http: { maxHeaderSize } } : { https: { maxHeaderSize, ...options.https } }),
    // What the framework refuses before it knows a route looks like every other refusal.
    frameworkErrors: (thrown: unknown, request: FastifyRequest, reply: FastifyReply) =>
      void sendError(options, thrown, request, reply),
    clientErrorHandler: (failure: Error, socket: Socket) => answerBrokenHttp(options, failure, socket),
    // Strict like the data plane: an unknown value must not silently become another type.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  } as Parameters<typeof fastify>[0]) as unknown as FastifyInstance
  // Not before: what a service does with its server's connections comes first.
  let end = (): void => {}
  api.addHook('onReady', async () => {
    end = endInTime(api.server, options.clock ?? systemClock)
  })
  api.addHook('preClose', async () => end())
  api.setErrorHandler((thrown, request, reply) => sendError(options, thrown, request, reply))
  api.setNotFoundHandler((request, reply) =>
    sendError(
      options,
      new PlatformError('NOT_FOUND', { method: request.method, path: pathOf(request) }),
      request,
      reply,
    ),
  )
  api.addHook('preValidation', async ({ params, query, body }) => assertPlainInput({ params, query, body }))
  api.addHook('onResponse', async (request, reply) => {
    if (options.quiet?.some((prefix) => request.url.startsWith(prefix))) return
    options.log.debug('http.request', () => ({
      requestId: request.id,
      method: request.method,
      path: pathOf(request),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    }))
  })
  api.get('/health/live', async () => ({ status: 'UP' }))
  api.get('/health/ready', async (_request, reply) => {
    const answer = (await options.ready?.()) ?? true
    const { ready, ...facts } = typeof answer === 'boolean' ? { ready: answer } : answer
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'UP' : 'STARTING', ...facts })
  })
  return api
}

/** Gives the routes of a scope (an encapsulated plugin) an error body of their own. */
export function useErrorBody(scope: FastifyInstance, options: Pick<ApiOptions, 'log' | 'errorBody'>): void {
  scope.setErrorHandler((thrown, request, reply) => sendError(options, thrown, request, reply))
}

function headerText(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value
  return text !== undefined && /^[\w.:-]{1,128}$/.test(text) ? text : undefined
}

/** The path without its query: queries may hold secrets. */
function pathOf(request: FastifyRequest): string {
  const query = request.url.indexOf('?')
  return query < 0 ? request.url : request.url.slice(0, query)
}

function sendError(
  options: Pick<ApiOptions, 'log' | 'errorBody'>,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const failure = translate(thrown)
  const problem = toProblem(failure, request.id)
  const facts = { requestId: request.id, method: request.method, path: pathOf(request), status: problem.status }
  if (problem.status >= 500) options.log.error('http.failed', facts, thrown)
  else options.log.debug('http.refused', { ...facts, code: problem.code })
  const { contentType, body } = options.errorBody?.(problem, failure, facts.path) ?? {
    contentType: 'application/problem+json',
    body: problem,
  }
  // Not every error body has a place for the ID under which the log has the failure.
  reply.header(requestIdHeader, request.id)
  return reply.code(problem.status).header('content-type', contentType).send(body)
}

/** Fastify's own refusals (validation, body limit, media type) as rows of the catalogue. */
function translate(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null || thrown instanceof PlatformError) return thrown
  const { code, validation, validationContext } = thrown as {
    code?: unknown
    validation?: readonly ValidationError[]
    validationContext?: string
  }
  if (validation !== undefined)
    return new PlatformError(
      'REQUEST_INVALID',
      { ...validationFacts(validation, validationContext ?? '') },
      { cause: thrown },
    )
  if (code === 'FST_ERR_BAD_URL')
    return new PlatformError('REQUEST_INVALID', { field: 'path', reason: 'the path is not percent-encoded correctly' })
  if (code === 'FST_ERR_MAX_PARAM_LENGTH' || code === 'FST_ERR_ROUTE_MAX_PARAM_LENGTH')
    return new PlatformError('REQUEST_INVALID', { field: 'path', reason: 'a part of the path is too long' })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new PlatformError('REQUEST_TOO_LARGE', { reason: 'the body is larger than this service accepts' })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new PlatformError('MEDIA_TYPE_UNSUPPORTED', { reason: 'this content type is not accepted here' })
  if (typeof code === 'string' && (code.startsWith('FST_ERR_CTP') || code === 'FST_ERR_VALIDATION'))
    return new PlatformError('REQUEST_INVALID', { field: 'body', reason: 'the body is not well-formed JSON' })
  return thrown
}
