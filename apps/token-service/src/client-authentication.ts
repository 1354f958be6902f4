import type { X509Certificate } from 'node:crypto'
import { certificateFacts, type OAuthClient } from '@landbridge/identity'
import { type Clock, equalSecrets, PlatformError } from '@landbridge/kernel'
import { parameter } from './parameters.ts'
import type { TokenService } from './service.ts'
import type { WebRequest } from './web.ts'

/** A client that proved who it is. */
export interface AuthenticatedClient {
  readonly client: OAuthClient
  /** Set when it proved so by a certificate (RFC 8705): its tokens are bound to that. */
  readonly thumbprint?: string
}

interface Credentials {
  readonly clientId: string
  readonly secret: string
}

/**
 * Authenticates by Basic, by `client_id` and `client_secret` in the body, or by the certificate of the TLS connection.
 * @throws PlatformError OAUTH_CLIENT_INVALID, OAUTH_REQUEST_INVALID
 */
export async function authenticateClient(service: TokenService, request: WebRequest): Promise<AuthenticatedClient> {
  for (const { clientId, secret } of credentialsOf(request)) {
    const client = clientId === '' ? undefined : await service.clients.findClient(clientId)
    if (client === undefined) continue
    if (secret !== '') {
      if (client.secret?.matches(secret) === true) return { client }
      continue
    }
    const thumbprint = matchingThumbprint(client, request.clientCertificate, service.clock)
    if (thumbprint !== undefined) return { client, thumbprint }
  }
  throw new PlatformError('OAUTH_CLIENT_INVALID')
}

/** Ways to read what was sent: RFC 6749 section 2.3.1 form-encodes both halves of Basic, most clients do not. */
function credentialsOf(request: WebRequest): readonly Credentials[] {
  const inBody = { clientId: parameter(request.form, 'client_id'), secret: parameter(request.form, 'client_secret') }
  const basic = parseBasic(request.header('authorization'))
  if (basic === undefined) return [inBody]
  if (inBody.secret !== '' && !equalSecrets(inBody.secret, basic.secret))
    throw new PlatformError('OAUTH_REQUEST_INVALID', { reason: 'the client is authenticated in two ways' })
  const decoded = { clientId: formDecoded(basic.clientId), secret: formDecoded(basic.secret) }
  return [basic, decoded]
}

function parseBasic(header: string): Credentials | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header)
  if (match?.[1] === undefined) return undefined
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { clientId: text.slice(0, colon), secret: text.slice(colon + 1) }
}

function formDecoded(value: string): string {
  return new URLSearchParams(`v=${value.replaceAll('&', '%26')}`).get('v') ?? value
}

function matchingThumbprint(
  client: OAuthClient,
  certificate: X509Certificate | undefined,
  clock: Clock,
): string | undefined {
  if (certificate === undefined || client.certificateThumbprints.length === 0) return undefined
  const { thumbprint, notBefore, notAfter } = certificateFacts(certificate)
  const now = clock.now()
  if (now < notBefore.getTime() || now > notAfter.getTime()) return undefined
  return client.certificateThumbprints.includes(thumbprint) ? thumbprint : undefined
}
