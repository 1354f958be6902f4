import { createSecureContext, type SecureContext } from 'node:tls'
import type { BackendTrust, SystemCertificate } from '../runtime-port.ts'
import type { ClientCertificate } from './backend-identity.ts'

export interface BackendSecurity {
  readonly trust: BackendTrust
  readonly systemCertificate?: SystemCertificate
}

interface Contexts {
  readonly own: SecureContext
  /** The most recently used last. */
  readonly ofUsers: Map<ClientCertificate, SecureContext>
}

/** About 50 kB each; a context that a connection uses lives as long as the connection. */
export const maxUserContexts = 500

/** Reading certificates and keys costs more than a handshake: they are read once for each trust. */
const known = new WeakMap<BackendSecurity, Contexts>()

/** @param user whose certificate is shown instead of the connector's. */
export function secureContextOf(security: BackendSecurity, user: ClientCertificate | null): SecureContext {
  const contexts = contextsOf(security)
  if (user === null) return contexts.own
  const { ofUsers } = contexts
  const context = ofUsers.get(user) ?? create(security, user)
  ofUsers.delete(user)
  ofUsers.set(user, context)
  if (ofUsers.size > maxUserContexts)
    for (const oldest of ofUsers.keys()) {
      ofUsers.delete(oldest)
      break
    }
  return context
}

/** Contexts kept for users, for tests. */
export function userContexts(security: BackendSecurity): number {
  return known.get(security)?.ofUsers.size ?? 0
}

function contextsOf(security: BackendSecurity): Contexts {
  const found = known.get(security)
  if (found !== undefined) return found
  const contexts = { own: create(security, security.systemCertificate), ofUsers: new Map() }
  known.set(security, contexts)
  return contexts
}

function create({ trust }: BackendSecurity, client: SystemCertificate | undefined): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    // An empty list trusts nobody; the system's own list is never used (guide L19812).
    ca: [...trust.certificates],
    ...(client === undefined ? {} : { cert: client.cert, key: client.key.reveal() }),
  })
}
