import { scopesOf } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { AuthenticatedClient } from '../client-authentication.ts'
import { parameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { tenantFor } from '../tenant-of-request.ts'
import type { TokenTarget } from '../token-issuer.ts'
import type { WebRequest } from '../web.ts'

/** One grant type. The client is authenticated already. Returns the body of a successful answer. */
export type Grant = (service: TokenService, request: WebRequest, by: AuthenticatedClient) => Promise<object>

/** Where the token of this request belongs. */
export async function targetOf(
  service: TokenService,
  request: WebRequest,
  { client, thumbprint }: AuthenticatedClient,
): Promise<TokenTarget> {
  const tenant = await tenantFor(service, request, client)
  return {
    client,
    tenant,
    thumbprint,
    authorizationAttributes: authorizationAttributes(request),
    resources: request.form.getAll('resource').filter((name) => name !== ''),
  }
}

export function requestedScopes(request: WebRequest): readonly string[] {
  return scopesOf({ scope: parameter(request.form, 'scope') })
}

/** `authorities={"az_attr":{…}}`: facts of the caller's own that come back in the token. */
function authorizationAttributes(request: WebRequest): Readonly<Record<string, unknown>> | undefined {
  const text = parameter(request.form, 'authorities')
  if (text === '') return undefined
  const parsed = tryParse(text)
  if (typeof parsed !== 'object' || parsed === null) throw malformed
  const attributes = 'az_attr' in parsed ? parsed.az_attr : undefined
  if (attributes === undefined) return undefined
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) throw malformed
  return attributes as Readonly<Record<string, unknown>>
}

const malformed = new PlatformError('OAUTH_REQUEST_INVALID', { reason: '"authorities" is not {"az_attr":{…}}' })

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
