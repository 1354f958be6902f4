import { equalSecrets, PlatformError, type Secret } from '@landbridge/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { basicCredentials } from '../region/basic-credentials.ts'

/** The user with which platforms call the service broker. */
export interface BrokerUser {
  readonly name: string
  readonly password: Secret
}

/**
 * Admits a request to the service broker.
 * @throws PlatformError BROKER_CREDENTIALS_WRONG or BROKER_VERSION_UNSUPPORTED
 */
export async function admit(user: BrokerUser, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const identity = request.headers['x-broker-api-request-identity']
  if (typeof identity === 'string' && /^[\x20-\x7e]{1,200}$/.test(identity))
    reply.header('x-broker-api-request-identity', identity)
  const given = basicCredentials(request.headers.authorization)
  const isRight =
    given !== undefined && equalSecrets(given.userName, user.name) && user.password.matches(given.password)
  if (!isRight) {
    reply.header('www-authenticate', 'Basic realm="service broker", charset="UTF-8"')
    throw new PlatformError('BROKER_CREDENTIALS_WRONG')
  }
  const version = request.headers['x-broker-api-version']
  if (typeof version !== 'string' || !/^2\.\d{1,4}$/.test(version))
    throw new PlatformError('BROKER_VERSION_UNSUPPORTED', {
      ...(typeof version === 'string' ? { version: version.slice(0, 20) } : {}),
    })
}
