import { clientError } from '../client-error.ts'
import type { Binding } from './binding.ts'

/** The OAuth client in the credentials of a binding. */
export interface OAuthClient {
  /** Name of the binding, for messages. */
  readonly binding: string
  readonly service: string
  readonly clientId: string
  readonly tokenUrl: string
  /** Either a secret, or a certificate with its key (X.509 binding). */
  readonly secret?: string
  readonly identity?: { readonly cert: string; readonly key: string }
  /** Tenant of the application itself, where the binding names it. */
  readonly tenantId?: string
  /** Subdomain of that tenant. */
  readonly identityZone?: string
}

/** @throws PlatformError CLIENT_BINDING_INVALID */
export function readOAuthClient(binding: Binding): OAuthClient {
  const cert = tryText(binding, 'certificate')
  const key = tryText(binding, 'key')
  const secret = tryText(binding, 'clientsecret')
  const tenantId = tryText(binding, 'tenantid')
  const identityZone = tryText(binding, 'identityzone')
  const identity = cert === undefined || key === undefined ? undefined : { cert, key }
  const base =
    (identity === undefined ? undefined : tryText(binding, 'certurl')) ??
    tryText(binding, 'token_service_url') ??
    requiredText(binding, 'url')
  if (secret === undefined && identity === undefined) requiredText(binding, 'clientsecret')
  return {
    binding: binding.name,
    service: binding.label,
    clientId: requiredText(binding, 'clientid'),
    tokenUrl: tokenUrl(base),
    // Where the binding has both, the certificate counts: the address for it takes no secret.
    ...(identity === undefined ? { secret: secret! } : { identity }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(identityZone === undefined ? {} : { identityZone }),
  }
}

function tokenUrl(base: string): string {
  const trimmed = base.replace(/\/+$/, '')
  return trimmed.endsWith('/oauth/token') ? trimmed : `${trimmed}/oauth/token`
}

/** A credential that must be there. @throws PlatformError CLIENT_BINDING_INVALID */
export function requiredText(binding: Binding, field: string): string {
  const value = tryText(binding, field)
  if (value !== undefined) return value
  throw clientError('CLIENT_BINDING_INVALID', { binding: binding.name, field, reason: 'missing in the credentials' })
}

/** A credential as text, numbers included; undefined when it is empty or absent. */
export function tryText({ credentials }: Binding, field: string): string | undefined {
  const value = credentials[field]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
