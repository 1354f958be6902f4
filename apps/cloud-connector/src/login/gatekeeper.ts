import { type ConfigurationStore, peerPath } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CloudConnectorConfig } from '../config.ts'
import { startPage } from '../page.ts'
import { userOfCertificate } from './client-certificate.ts'
import type { PasswordCheck } from './password-check.ts'
import { isPermitted, type Role } from './permissions.ts'
import type { Session, Sessions } from './sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The administrator who asks; empty on public addresses. */
    actor: string
    /** What the user may do. */
    roles: readonly Role[]
    session: Session | null
  }
}

export interface Gate {
  readonly config: CloudConnectorConfig
  readonly store: ConfigurationStore
  readonly passwords: PasswordCheck
  readonly sessions: Sessions
}

const changePassword = '/api/v1/configuration/connector/authentication/basic'
const version = '/api/v1/connector/version'
const role = '/api/v1/configuration/connector/haRole'
const configuration = '/api/v1/configuration/'
const connector = '/api/v1/configuration/connector'
const regions = '/api/v1/landbridge/regions'
/** What each instance of a pair has for itself, or answers in its own way. */
const ownOfShadow = /^(authentication|ui|ha|haRole|solutionManagement|onPremise\/snc)(\/|$)/
const api = '/api/'
const login = '/api/v1/landbridge/session'

/**
 * Lets a request pass in this order: who asks (401), does the browser mean it (403), initial password (403), does the
 * address exist (404, 405), role of the user (403), role of the instance (403). Everything else is up to the operation.
 */
export function guard(application: FastifyInstance, gate: Gate): void {
  const methods = collectMethods(application)
  application.decorateRequest('actor', '')
  application.decorateRequest('session', null)
  application.decorateRequest('roles')
  application.addHook('onRequest', async (request, reply) => {
    const path = operationOf(request)
    if (!path.startsWith(api) || (path === login && request.method === 'POST')) return refuseUnknown(request, methods)
    // The other instance of the pair proves in its own way who it is; only its first connection needs a user.
    if (path.startsWith(peerPath) && request.headers.authorization === undefined) return refuseUnknown(request, methods)
    const identified = await authenticate(request, reply, gate)
    if (!identified) return reply
    const { administrator, haRole } = gate.store.current.settings
    if (administrator.hasInitialPassword && !isPasswordChange(request, path))
      throw new PlatformError('CONNECTOR_PASSWORD_INITIAL')
    refuseUnknown(request, methods)
    if (!isPermitted(request.method, path, request.roles))
      throw new PlatformError('CONNECTOR_ROLE_INSUFFICIENT', { user: request.actor })
    if (haRole === 'undefined' && !worksWithoutRole(request, path)) throw new PlatformError('CONNECTOR_ROLE_UNDEFINED')
    if (haRole === 'shadow' && isChange(request) && isOfPair(path) && !isOwnOfShadow(path))
      throw new PlatformError('CONNECTOR_IS_SHADOW')
  })
  application.addHook('onSend', async (request, reply, payload) => {
    decorate(request, reply, gate)
    return payload
  })
}

/** Whether an address changes what both instances of a pair have in common. */
function isOfPair(path: string): boolean {
  return path.startsWith(configuration) || path.startsWith(regions)
}

/** True when somebody is known; false when the answer has been sent. */
async function authenticate(request: FastifyRequest, reply: FastifyReply, gate: Gate): Promise<boolean> {
  const { administrator } = gate.store.current.settings
  const basic = readBasic(request.headers.authorization)
  const found = gate.sessions.find(request.headers.cookie)
  if (basic !== undefined) {
    const { user, password } = basic
    const held = await gate.passwords.login(gate.store.current, user, password, request.ip)
    if (held === undefined) throw refused(reply)
    refuseForeignPage(request)
    request.actor = user
    request.roles = held
    if (typeof found === 'object' && found.generation === administrator.generation && found.user === user)
      request.session = found
    else request.session = gate.sessions.start(user, administrator.generation, held)
    return true
  }
  const certified = typeof found === 'object' ? undefined : userOfCertificate(request, gate.config)
  if (certified !== undefined) {
    refuseForeignPage(request)
    request.actor = certified.user
    request.roles = certified.roles
    return true
  }
  if (found === 'none') throw refused(reply)
  if (found === 'expired' || found.generation !== administrator.generation) {
    await reply.code(200).header('content-type', 'text/html; charset=utf-8').send(startPage)
    return false
  }
  const token = request.headers['x-csrf-token']
  if (isChange(request) && !(typeof token === 'string' && gate.sessions.isCsrfToken(found, token)))
    throw new PlatformError('CONNECTOR_CSRF_TOKEN_MISSING')
  request.actor = found.user
  request.roles = found.roles
  request.session = found
  return true
}

/** Browsers add passwords and certificates on their own, also for pages of others. They say so since 2020. */
function refuseForeignPage(request: FastifyRequest): void {
  if (isChange(request) && request.headers['sec-fetch-site'] === 'cross-site')
    throw new PlatformError('CONNECTOR_CSRF_TOKEN_MISSING')
}

function refused(reply: FastifyReply): PlatformError {
  reply.header('www-authenticate', 'Basic realm="Landbridge Cloud Connector", charset="UTF-8"')
  return new PlatformError('CONNECTOR_LOGIN_REQUIRED')
}

function readBasic(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

function decorate(request: FastifyRequest, reply: FastifyReply, { sessions }: Gate): void {
  reply.header('strict-transport-security', 'max-age=31536000')
  reply.header('x-content-type-options', 'nosniff')
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  // Recorded clients compare the whole value.
  if (String(reply.getHeader('content-type')).startsWith('application/json'))
    reply.header('content-type', 'application/json')
  const { session } = request
  if (session === null) return
  if (request.headers.connection?.toLowerCase() === 'close') sessions.end(session)
  else reply.header('set-cookie', sessions.cookie(session)).header('x-csrf-token', sessions.csrfToken(session))
}

function isChange(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}

function isPasswordChange(request: FastifyRequest, path: string): boolean {
  return request.method === 'PUT' && path === changePassword
}

function worksWithoutRole(request: FastifyRequest, path: string): boolean {
  if (path === changePassword || path === role || path === version || !path.startsWith('/api/v1/configuration'))
    return true
  return path === connector && request.method === 'GET'
}

function isOwnOfShadow(path: string): boolean {
  return ownOfShadow.test(path.slice(connector.length + 1))
}

/** The address of the operation. The text of the request may spell it in many ways (RFC 3986 section 6.2.2.2). */
function operationOf(request: FastifyRequest): string {
  return request.is404 ? pathOf(request) : (request.routeOptions.url ?? pathOf(request))
}

function pathOf(request: FastifyRequest): string {
  const query = request.url.indexOf('?')
  const path = query < 0 ? request.url : request.url.slice(0, query)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

interface KnownPath {
  readonly segments: readonly string[]
  readonly methods: Set<string>
}

/** The methods of every address, to tell "no such address" from "not this method". */
function collectMethods(application: FastifyInstance): ReadonlyMap<string, KnownPath> {
  const known = new Map<string, KnownPath>()
  application.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { segments: url.split('/'), methods: new Set<string>() }
    known.set(url, entry)
    for (const name of [method].flat()) entry.methods.add(name)
  })
  return known
}

function refuseUnknown(request: FastifyRequest, known: ReadonlyMap<string, KnownPath>): void {
  if (!request.is404) return
  const path = pathOf(request)
  const segments = path.split('/')
  const methods = new Set<string>()
  for (const candidate of known.values())
    if (matches(candidate.segments, segments)) for (const method of candidate.methods) methods.add(method)
  if (methods.size === 0) throw new PlatformError('NOT_FOUND', { method: request.method, path })
  const allowed = [...methods].sort()
  throw new PlatformError('CONNECTOR_METHOD_NOT_ALLOWED', { method: request.method, allowed })
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part === segments[index] || (part.startsWith(':') && segments[index] !== ''))
  )
}
