import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type ClientCertificates, callingClient, clientIdOf } from '@landbridge/certificates'
import type { Scope } from '@landbridge/destinations'
import type { ClientDirectory, ClientOf, TenantDirectory, TokenVerifier, VerifiedToken } from '@landbridge/identity'
import { describeError, errorEntry, isPlatformError, PlatformError } from '@landbridge/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Who calls, and which levels the token opens. */
export interface Caller {
  readonly token: VerifiedToken
  readonly scope: Scope
}

export interface CallerOptions {
  readonly verifier: TokenVerifier
  readonly tenants: TenantDirectory
  readonly clients: ClientDirectory
  /** The client that a token was issued to. Default: the one of `clients` with the client ID of the token. */
  readonly clientOf?: ClientOf
  /** Lets communication users call with their certificate instead of a token. */
  readonly clientCertificates?: ClientCertificates
}

const service = 'destination'

/**
 * Authenticates a request by its bearer token: the tenant of the token decides the subaccount, its client the service
 * instance (guide L13869-13932). Without a token, a client certificate that is assigned to a communication user does.
 * @throws PlatformError DESTINATION_CALLER_UNKNOWN, DESTINATION_CALLER_UNREADABLE or DESTINATION_CALLER_FORBIDDEN,
 *   CLIENT_CERTIFICATE_REFUSED, CLIENT_CERTIFICATE_TENANT_MISSING
 */
export async function authenticate(
  options: CallerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller> {
  try {
    return await identify(options, request)
  } catch (failure) {
    if (isPlatformError(failure, 'DESTINATION_CALLER_UNKNOWN')) reply.header('www-authenticate', 'Bearer')
    throw failure
  }
}

async function identify(options: CallerOptions, request: FastifyRequest): Promise<Caller> {
  const header = request.headers.authorization
  const certificate = (request.raw.socket as Partial<TLSSocket>).getPeerX509Certificate?.()
  if (header === undefined && certificate !== undefined && options.clientCertificates !== undefined)
    return identifyByCertificate(options, options.clientCertificates, certificate, request)
  const text = /^bearer +(\S.*)$/i.exec(header ?? '')?.[1]
  if (text === undefined)
    throw new PlatformError('DESTINATION_CALLER_UNKNOWN', { reason: 'the request has no bearer token' })
  if (!isReadable(text)) throw new PlatformError('DESTINATION_CALLER_UNREADABLE')
  const token = await verify(options.verifier, text)
  const client = await (options.clientOf?.(token, service) ?? options.clients.findClient(token.clientId))
  if (client?.service !== service)
    throw new PlatformError('DESTINATION_CALLER_FORBIDDEN', {
      reason: 'the token was not issued for a destination service instance',
    })
  if ((await options.tenants.tenantById(token.tenantId)) === undefined)
    throw new PlatformError('DESTINATION_CALLER_FORBIDDEN', { reason: 'the tenant of the token does not exist' })
  return {
    token,
    scope: {
      subaccountId: token.tenantId,
      instanceId: client.instanceId,
      instanceSubaccountId: client.subaccountId,
    },
  }
}

async function identifyByCertificate(
  { tenants }: CallerOptions,
  certificates: ClientCertificates,
  certificate: X509Certificate,
  request: FastifyRequest,
): Promise<Caller> {
  const id = request.headers['x-zid']
  const { user, facts } = await certificates.authenticateIn(
    typeof id === 'string' && id !== '' ? id.toLowerCase() : undefined,
    {
      certificate,
      remoteAddress: request.raw.socket.remoteAddress ?? '',
    },
  )
  const client = callingClient(user, service)
  const tenant = await tenants.tenantById(user.subaccountId)
  if (client === undefined || tenant === undefined)
    throw new PlatformError('DESTINATION_CALLER_FORBIDDEN', {
      reason: `the communication user ${user.name} has no destination service instance`,
    })
  const token: VerifiedToken = {
    raw: '',
    claims: {},
    tenantId: tenant.id,
    subdomain: tenant.subdomain,
    clientId: clientIdOf(user),
    instanceId: client.instanceId,
    service,
    userName: '',
    expiresAtMs: facts.notAfter.getTime(),
  }
  const { subaccountId: instanceSubaccountId, instanceId } = client
  return { token, scope: { subaccountId: tenant.id, instanceId, instanceSubaccountId } }
}

async function verify(verifier: TokenVerifier, text: string): Promise<VerifiedToken> {
  try {
    return await verifier.verify(text)
  } catch (cause) {
    // Keys that cannot be fetched are our trouble, not the caller's.
    if (!isPlatformError(cause) || errorEntry(cause.code).http >= 500) throw cause
    throw new PlatformError('DESTINATION_CALLER_UNKNOWN', { reason: describeError(cause) }, { cause })
  }
}

/** Three base64url parts, the first two of them JSON objects (RFC 7519 section 7.2). */
function isReadable(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 3 && parts.slice(0, 2).every(isJsonObject)
}

function isJsonObject(part: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
