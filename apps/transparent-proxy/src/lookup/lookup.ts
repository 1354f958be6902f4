import {
  type AuthenticationHeader,
  type Destination,
  type FindOptions,
  headersOf,
  type LandbridgeClient,
} from '@landbridge/client'
import { callerOptions, passesAuthorization } from './caller-credential.ts'
import { checkHttpDestination, type TargetTimeouts } from './check-destination.ts'
import { lookupFailure } from './lookup-failure.ts'
import type { Wish } from './wish.ts'

/** Everything that a request needs to go on. */
export interface Prepared {
  readonly destination: Destination
  /** They replace what the caller sent under the same names. */
  readonly credentials: readonly AuthenticationHeader[]
  readonly passesAuthorization: boolean
  readonly timeouts: TargetTimeouts
  /** The Cloud Connector that the caller asked for instead of the one of the destination. */
  readonly locationId: string | undefined
}

/** The configuration says all that the target is to know: no token is fetched. */
const withoutTokens: ReadonlySet<string> = new Set([
  'NoAuthentication',
  'BasicAuthentication',
  'ClientCertificateAuthentication',
  'PrincipalPropagation',
])

/**
 * Finds the destination, and the credentials for its target. In two steps, because only the configuration says what the
 * caller's bearer value is; the client library keeps the answers of both.
 * @throws PlatformError TRANSPARENT_PROXY_*; the signal's reason
 */
export async function lookUp(client: LandbridgeClient, wish: Wish, signal: AbortSignal): Promise<Prepared> {
  let caller: FindOptions = {}
  try {
    const { destinationName: name, find } = wish
    const { tokenServiceTenant: _, ...place } = find
    const plain = await client.findDestination(name, { ...place, skipTokenRetrieval: true, signal })
    const timeouts = checkHttpDestination(plain)
    const { authentication } = plain
    caller = callerOptions(authentication, wish)
    const destination = withoutTokens.has(authentication)
      ? plain
      : await client.findDestination(name, { ...find, ...caller, signal })
    return {
      destination,
      credentials: headersOf(destination, caller.userToken),
      passesAuthorization: passesAuthorization(authentication),
      timeouts,
      locationId: wish.headers.get('sap-connectivity-scc-location_id'),
    }
  } catch (failure) {
    if (signal.aborted) throw signal.reason
    throw lookupFailure(failure, wish, caller)
  }
}
