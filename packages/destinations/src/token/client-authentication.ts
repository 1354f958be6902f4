import { flag, type Properties, present } from '../properties.ts'
import { tokenFailure } from './token-failure.ts'

export interface ClientAuthentication {
  /** Value of the `Authorization` header, if any. */
  readonly authorization?: string
  readonly parameters: readonly (readonly [string, string])[]
}

/** Proves the client by something that was signed for it (RFC 7521 section 4.2). Secret. */
export interface ClientAssertion {
  readonly type: string
  readonly value: string
}

/**
 * How the client proves itself to the token service (guide L7541-7552, L8959-8975, L9786-9843), the first that is given:
 * assertion, certificate, tokenServiceUser, secret. Basic credentials are encoded as they are.
 */
export function clientAuthentication(properties: Properties, assertion?: ClientAssertion): ClientAuthentication {
  const clientId = present(properties, 'clientId')
  const identified: [string, string][] = clientId === undefined ? [] : [['client_id', clientId]]
  // A secret besides would reach a service that is not meant to know it.
  if (assertion !== undefined)
    return {
      parameters: [...identified, ['client_assertion_type', assertion.type], ['client_assertion', assertion.value]],
    }
  if (present(properties, 'tokenService.KeyStoreLocation') !== undefined) return { parameters: identified }
  const clientSecret = present(properties, 'clientSecret')
  const user = present(properties, 'tokenServiceUser')
  const password = properties.tokenServicePassword
  const inBody = flag(properties, 'tokenService.addClientCredentialsInBody', true)
  const parameters: [string, string][] = inBody ? identified : []
  if (inBody && clientSecret !== undefined) parameters.push(['client_secret', clientSecret])
  if (user !== undefined && password !== undefined) return { authorization: basic(user, password), parameters }
  if (inBody) return { parameters }
  if (clientId === undefined) throw tokenFailure('the property clientId is missing')
  return { authorization: basic(clientId, clientSecret ?? ''), parameters }
}

/** `Basic` and the base64 form of `user:password` in UTF-8 (RFC 7617). */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
}
