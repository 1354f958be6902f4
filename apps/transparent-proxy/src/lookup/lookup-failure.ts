import type { FindOptions } from '@landbridge/client'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { addressOfEntry, isGateway } from '../entries/entry.ts'
import { refused } from './refused.ts'
import type { Wish } from './wish.ts'

/**
 * What a failed lookup means for the caller, in the words of the original; `origin` and `internalStatus` go into headers.
 * @param caller what was found in the caller's `Authorization`, if it came to that
 */
export function lookupFailure(failure: unknown, wish: Wish, caller: FindOptions = {}): unknown {
  if (!isPlatformError(failure) || failure.code.startsWith('TRANSPARENT_PROXY_')) return failure
  const { status } = failure.facts
  const facts = {
    destination: wish.destinationName,
    ...(typeof status === 'number' ? { internalStatus: status } : {}),
  }
  const because = typeof failure.facts.reason === 'string' ? ` (${failure.facts.reason})` : ''
  const options = { cause: failure }
  switch (failure.code) {
    case 'CLIENT_DESTINATION_NOT_FOUND':
      return new PlatformError(
        'TRANSPARENT_PROXY_DESTINATION_NOT_FOUND',
        { ...facts, origin: 'Destination Service', reason: notFound(wish) },
        options,
      )
    case 'CLIENT_DESTINATION_REFUSED':
      if (status === 400)
        return new PlatformError(
          'TRANSPARENT_PROXY_REQUEST_REFUSED',
          {
            ...facts,
            origin: 'Destination Service',
            reason: `Destination service returned unsuccessful status code. Check your related request headers.${because}`,
          },
          options,
        )
      return new PlatformError(
        'TRANSPARENT_PROXY_DESTINATION_INVALID',
        {
          ...facts,
          origin: 'Destination Service',
          reason: `Received invalid configuration from Destination Service, requested via ${named(wish)}${because}.`,
        },
        options,
      )
    case 'CLIENT_CREDENTIALS_REFUSED':
      return credentialsRefused(failure, wish, facts)
    case 'CLIENT_DESTINATION_TOKEN_FAILED': {
      const advice = adviceOf(caller)
      if (advice !== undefined)
        return new PlatformError(
          'TRANSPARENT_PROXY_REQUEST_REFUSED',
          {
            ...facts,
            origin: 'Destination Service',
            reason: `Check the 'authorization' request header, or the OAuth configuration in ${named(wish)}${referred(wish)}${because}. ${advice}`,
          },
          options,
        )
      return new PlatformError(
        'TRANSPARENT_PROXY_DESTINATION_INVALID',
        {
          ...facts,
          origin: 'Destination Service',
          reason: `Invalid OAuth configuration in ${named(wish)}${referred(wish)}${because}`,
        },
        options,
      )
    }
    case 'CLIENT_SERVICE_UNREACHABLE':
    case 'CLIENT_SERVICE_TIMEOUT':
    case 'CLIENT_SERVICE_FAILED':
    case 'CLIENT_CIRCUIT_OPEN':
      return new PlatformError(
        'TRANSPARENT_PROXY_SERVICE_OUT',
        {
          ...facts,
          origin: 'XSUAA/Destination Service',
          service: failure.facts.service,
          address: failure.facts.address,
        },
        options,
      )
    case 'CLIENT_USER_TOKEN_MISSING':
      return refused(`The 'authorization' request header must be 'Bearer <token>' for ${named(wish)}.`)
    case 'CLIENT_BINDING_MISSING':
    case 'CLIENT_BINDING_INVALID':
    case 'CLIENT_BINDING_AMBIGUOUS':
    case 'CLIENT_TOKEN_REFUSED':
    case 'CLIENT_DESTINATION_INVALID':
    case 'CLIENT_KEY_STORE_UNUSABLE':
      return new PlatformError(
        'TRANSPARENT_PROXY_DESTINATION_INVALID',
        {
          ...facts,
          reason: `Received invalid configuration from Destination Service, requested via ${named(wish)}${because}.`,
        },
        options,
      )
    default:
      return failure
  }
}

/** Where the caller's value is used up by a request, that is the likelier cause than the destination (guide L36898). */
function adviceOf({ authorizationCode, refreshToken }: FindOptions): string | undefined {
  if (authorizationCode !== undefined)
    return 'A code works once and for a short time: get a new one from the authorization server for each request.'
  if (refreshToken !== undefined)
    return 'A refresh token may work once only, and ends with the session of its user: send the latest one.'
  return undefined
}

/** A tenant that the caller named may be the reason; otherwise the binding is (guide L36912). */
function credentialsRefused(failure: PlatformError, { find, namesTenant }: Wish, facts: object): PlatformError {
  const tenant = find.tenantSubdomain ?? find.tenant
  const reason = namesTenant
    ? `Tenant ${find.tenantSubdomain === undefined ? 'id' : 'subdomain'} '${tenant}' does not exist, or is not subscribed to the provider application of the Destination service instance. Contact the Destination Administrator.`
    : 'The token service refuses the binding of the Destination service instance. Contact the Transparent Proxy Administrator.'
  const code = namesTenant ? 'TRANSPARENT_PROXY_TENANT_REFUSED' : 'TRANSPARENT_PROXY_DESTINATION_INVALID'
  return new PlatformError(code, { ...facts, origin: 'XSUAA', reason }, { cause: failure })
}

function notFound(wish: Wish): string {
  const whom = isGateway(wish.entry) ? '' : 'Inspect the Destination CR or contact'
  return `${capital(named(wish))}${referred(wish)} is not found in tenant '${tenantName(wish)}'. ${whom === '' ? 'Contact' : whom} the Destination Administrator.`
}

function tenantName({ find }: Wish): string {
  return find.tenantSubdomain ?? find.tenant ?? 'of the binding'
}

function named({ destinationName, fragmentName }: Wish): string {
  return `destination '${destinationName}'${fragmentName === undefined ? '' : ` with fragment '${fragmentName}'`}`
}

function referred({ entry }: Wish): string {
  return isGateway(entry) ? '' : ` referred in Destination CR '${addressOfEntry(entry)}'`
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
