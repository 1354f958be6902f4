import { flag, type Properties, present } from '../properties.ts'
import { tokenFailure } from './token-failure.ts'

export interface ClientAuthentication {
  /** Value of the `Authorization` header, if any. */
  readonly authorization?: string
  readonly parameters: readonly (readonly [string, string])[]
}

/** How the client proves itself to the token service (guide L7541-7552); Basic credentials are encoded as they are. */
export function clientAuthentication(properties: Properties): ClientAuthentication {
  // Falling back to the secret would send it to a service that expects a certificate or an assertion.
  if (present(properties, 'tokenService.KeyStoreLocation') !== undefined)
    throw tokenFailure('mutual TLS with the token service (tokenService.KeyStoreLocation) is not supported yet')
  const clientId = present(properties, 'clientId')
  const clientSecret = properties.clientSecret
  const user = present(properties, 'tokenServiceUser')
  const password = properties.tokenServicePassword
  const inBody = flag(properties, 'tokenService.addClientCredentialsInBody', true)
  const parameters: [string, string][] = []
  if (inBody && clientId !== undefined) parameters.push(['client_id', clientId])
  if (inBody && clientSecret !== undefined && clientSecret !== '') parameters.push(['client_secret', clientSecret])
  if (user !== undefined && password !== undefined) return { authorization: basic(user, password), parameters }
  if (inBody) return { parameters }
  if (clientId === undefined) throw tokenFailure('the property clientId is missing')
  return { authorization: basic(clientId, clientSecret ?? ''), parameters }
}

/** `Basic` and the base64 form of `user:password` in UTF-8 (RFC 7617). */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
}
