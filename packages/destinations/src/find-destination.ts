import type { VerifiedToken } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { FindHeaders } from './authentication/authentication-type.ts'
import { authenticationName } from './authentication/table.ts'
import type { StoredCertificate } from './certificate-store.ts'
import type { Chain } from './chain.ts'
import { withoutCredentials } from './credentials.ts'
import type { DestinationStore, StoredDestination } from './destination-store.ts'
import { type Scope, searchOrder } from './level.ts'
import { type FoundCertificate, foundCertificate } from './named-certificates.ts'
import { type Properties, present } from './properties.ts'
import { type AuthToken, failedToken } from './token/auth-token.ts'
import type { TokenSource } from './token-source.ts'

/** Body of a successful find (guide L13334-13500). Members without content are absent, never empty. */
export interface FoundDestination {
  readonly owner: { readonly SubaccountId: string; readonly InstanceId: string | null }
  readonly destinationConfiguration: Properties
  readonly authTokens?: readonly AuthToken[]
  readonly certificates?: readonly FoundCertificate[]
}

export interface FindResult {
  readonly body: FoundDestination
  /** What the `certificates` of the body are, with the levels that they are of. */
  readonly certificates: readonly StoredCertificate[]
}

export interface FindOptions {
  readonly headers: FindHeaders
  /** Another destination provides the assertion for this one. */
  readonly chain?: Chain
  readonly skipTokenRetrieval: boolean
  readonly skipCredentials: boolean
}

/**
 * The first destination of this name, nearest level first.
 * @throws PlatformError DESTINATION_NOT_FOUND
 */
export async function locateDestination(
  store: DestinationStore,
  scope: Scope,
  name: string,
): Promise<StoredDestination> {
  for (const level of searchOrder(scope)) {
    const found = await store.find(level, name)
    if (found !== undefined) return found
  }
  throw new PlatformError('DESTINATION_NOT_FOUND')
}

/** Completes a located destination to the answer of the find operation. */
export async function answerFind(
  destination: StoredDestination,
  tokens: TokenSource,
  caller: VerifiedToken,
  options: FindOptions,
): Promise<FindResult> {
  const retrieved = options.skipTokenRetrieval
    ? []
    : await tokens.tokens(destination, caller, options.headers, options.chain)
  const { found: certificates, missing } = await tokens.certificates(destination, options.skipTokenRetrieval)
  const authTokens = [...retrieved, ...missingCertificate(destination, missing, options)]
  const configuration = withDefaults(destination.properties)
  const body = {
    owner: {
      SubaccountId: destination.level.subaccountId,
      InstanceId: destination.level.instanceId === '' ? null : destination.level.instanceId,
    },
    destinationConfiguration: options.skipCredentials ? withoutCredentials(configuration) : configuration,
    ...(authTokens.length === 0 ? {} : { authTokens }),
    ...(certificates.length === 0 ? {} : { certificates: certificates.map(foundCertificate) }),
  }
  return { body, certificates }
}

/**
 * Without its key store the caller cannot log on, and would only find out at the target. The answer has no other place
 * for an error, and a type with tokens has one of its own there.
 */
function missingCertificate(
  { properties }: StoredDestination,
  missing: readonly string[],
  { skipTokenRetrieval }: FindOptions,
): readonly AuthToken[] {
  if (skipTokenRetrieval || missing.length === 0) return []
  if (authenticationName(properties) !== 'ClientCertificateAuthentication') return []
  return [failedToken(`The destination names certificates that were not found: ${missing.join(', ')}`)]
}

/** @throws PlatformError for header combinations that the contract forbids, before anything is looked up. */
export function checkFindHeaders(headers: FindHeaders): void {
  if (headers.userToken !== undefined && headers.tenant !== undefined)
    throw new PlatformError('DESTINATION_TENANT_WITH_USER')
  const { clientAssertion, clientAssertionType, clientAssertionDestination } = headers
  if ((clientAssertion === undefined) !== (clientAssertionType === undefined))
    throw new PlatformError('DESTINATION_HEADERS_INVALID', {
      reason: 'X-client-assertion and X-client-assertion-type must be sent together',
    })
  if (clientAssertion !== undefined && clientAssertionDestination !== undefined)
    throw new PlatformError('DESTINATION_HEADERS_INVALID', {
      reason: 'X-client-assertion-destination-name must not be sent together with X-client-assertion',
    })
}

/** Clients expect these for every HTTP destination, also when they were not written. */
export function withDefaults(properties: Properties): Properties {
  if (properties.Type !== 'HTTP') return properties
  return {
    ...properties,
    ProxyType: present(properties, 'ProxyType') ?? 'Internet',
    Authentication: authenticationName(properties),
  }
}
