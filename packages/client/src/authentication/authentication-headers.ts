import { clientError } from '../client-error.ts'
import type { AuthToken, Destination } from '../destination/destination.ts'

export interface AuthenticationHeader {
  readonly name: string
  readonly value: string
}

/**
 * The headers with which the target of a destination knows who calls, besides those of the proxy: the ones that the
 * destination service prepared, user and password, or the user token for the Cloud Connector.
 * @throws PlatformError CLIENT_USER_TOKEN_MISSING, CLIENT_DESTINATION_TOKEN_FAILED, CLIENT_DESTINATION_INVALID
 */
export function headersOf(destination: Destination, userToken?: string): readonly AuthenticationHeader[] {
  switch (destination.authentication) {
    case 'NoAuthentication':
    case 'ClientCertificateAuthentication':
      return []
    case 'PrincipalPropagation':
      return [userHeader(destination, userToken)]
    case 'BasicAuthentication':
      return destination.authTokens.length > 0 ? preparedHeaders(destination) : [basicHeader(destination)]
    default:
      return preparedHeaders(destination)
  }
}

/** Tells the Cloud Connector for whom the call is made (guide L12120). */
function userHeader(destination: Destination, userToken?: string): AuthenticationHeader {
  if (userToken === undefined) throw userTokenMissing(destination)
  return { name: 'SAP-Connectivity-Authentication', value: `Bearer ${userToken}` }
}

function basicHeader(destination: Destination): AuthenticationHeader {
  const user = destination.getProperty('User')
  if (user === undefined)
    throw clientError('CLIENT_DESTINATION_INVALID', {
      destination: destination.name,
      property: 'User',
      reason: 'BasicAuthentication needs a user',
    })
  const pair = `${user}:${destination.getProperty('Password') ?? ''}`
  return { name: 'Authorization', value: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** The first token that works; several are alternatives for the same target. */
function preparedHeaders(destination: Destination): readonly AuthenticationHeader[] {
  const token = destination.authTokens.find(({ error, value }) => error === undefined && value !== '')
  if (token === undefined) throw tokenFailed(destination)
  const header = token.header ?? derivedHeader(token)
  // An SAP system answers an assertion with a session only when it is asked for one.
  return token.type === 'SAML2.0' ? [header, { name: 'x-sap-security-session', value: 'create' }] : [header]
}

function derivedHeader({ type, value }: AuthToken): AuthenticationHeader {
  if (type === 'MYSAPSSO2') return { name: 'MYSAPSSO2', value }
  return { name: 'Authorization', value: `${type} ${value}` }
}

function tokenFailed(destination: Destination): Error {
  const error = destination.authTokens.find((token) => token.error !== undefined)?.error
  return clientError('CLIENT_DESTINATION_TOKEN_FAILED', {
    destination: destination.name,
    authentication: destination.authentication,
    reason: error?.slice(0, 300) ?? 'the destination service sent no token',
  })
}

function userTokenMissing({ name, authentication }: Destination): Error {
  return clientError('CLIENT_USER_TOKEN_MISSING', { destination: name, authentication })
}
