import { authenticationName } from '../authentication/authentication-name.ts'
import type { FindHeaders } from '../authentication/authentication-type.ts'
import type { DestinationStore, StoredDestination } from '../destination-store.ts'
import { type Properties, present } from '../properties.ts'
import type { ClientAssertion } from './client-authentication.ts'
import { tokenFailure } from './token-failure.ts'

/** Types whose client may be proved by the token of another destination (guide L9874-9875). */
const consumers: ReadonlySet<string> = new Set([
  'OAuth2ClientCredentials',
  'OAuth2Password',
  'OAuth2AuthorizationCode',
  'OAuth2TechnicalUserPropagation',
])
const assertionTypes: ReadonlySet<string> = new Set([
  'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
])

/** Where the assertion of a token request comes from: from the request itself, or from another destination. */
export type AssertionSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'given'; readonly assertion: ClientAssertion }
  | { readonly kind: 'provider'; readonly destination: StoredDestination; readonly type: string }

/**
 * Headers with an assertion, then the header that names a destination, then the property (guide L9911-9938).
 * @throws PlatformError DESTINATION_TOKEN_FAILED when the named destination cannot serve
 */
export async function assertionSource(
  store: Pick<DestinationStore, 'find'>,
  consumer: StoredDestination,
  headers: FindHeaders,
): Promise<AssertionSource> {
  const { clientAssertion: value, clientAssertionType: type } = headers
  if (value !== undefined && type !== undefined) return { kind: 'given', assertion: { type, value } }
  const name = headers.clientAssertionDestination ?? present(consumer.properties, 'clientAssertion.destinationName')
  if (name === undefined || !takesProvider(consumer.properties)) return { kind: 'none' }
  const destination = await store.find(consumer.level, name)
  if (destination === undefined)
    throw tokenFailure(`the destination ${name}, which is to provide the client assertion, was not found`)
  return { kind: 'provider', destination, type: checkedProvider(destination) }
}

/** False also warns: a property that has no effect is most likely a mistake. */
export function takesProvider(properties: Properties): boolean {
  return consumers.has(authenticationName(properties))
}

function checkedProvider({ name, properties }: StoredDestination): string {
  if (authenticationName(properties) !== 'OAuth2ClientCredentials')
    throw tokenFailure(`the destination ${name} cannot provide client assertions: it must use OAuth2ClientCredentials`)
  if (present(properties, 'clientAssertion.destinationName') !== undefined)
    throw tokenFailure(`the destination ${name} cannot provide client assertions: it needs one itself`)
  const type = present(properties, 'clientAssertion.type') ?? ''
  if (!assertionTypes.has(type))
    throw tokenFailure(
      `clientAssertion.type of the destination ${name} must be one of ${[...assertionTypes].join(', ')}`,
    )
  return type
}
