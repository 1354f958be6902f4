import { bearerToken, type TokenVerifier } from '@landbridge/identity'
import { PlatformError, type Secret } from '@landbridge/kernel'
import type { FastifyRequest } from 'fastify'

/** Who may administer the platform: holders of the operator secret on this machine, and tokens of operator clients. */
export class OperatorAccess {
  readonly #verifier: TokenVerifier
  readonly #clients: ReadonlySet<string>
  readonly #secret: Secret | undefined

  constructor(verifier: TokenVerifier, clients: readonly string[], secret: Secret | undefined) {
    this.#verifier = verifier
    this.#clients = new Set(clients)
    this.#secret = secret
  }

  /** @throws PlatformError OPERATOR_TOKEN_MISSING, OPERATOR_FORBIDDEN or a TOKEN code */
  async assertOperator(request: FastifyRequest): Promise<void> {
    const presented = bearerToken(request.headers.authorization)
    if (presented === '') throw new PlatformError('OPERATOR_TOKEN_MISSING')
    if (this.#secret?.matches(presented) === true && isLoopback(request.raw.socket.remoteAddress)) return
    // Something without dots is no token: saying "malformed token" would mislead whoever mistyped the secret.
    if (!presented.includes('.')) throw new PlatformError('OPERATOR_FORBIDDEN', { clientId: '' })
    const { clientId } = await this.#verifier.verify(presented)
    if (!this.#clients.has(clientId)) throw new PlatformError('OPERATOR_FORBIDDEN', { clientId })
  }
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^(::ffff:)?127\./.test(address) || address === '::1')
}
