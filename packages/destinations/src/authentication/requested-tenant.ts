import { tokenFailure } from '../token/token-failure.ts'
import { isCommon } from '../token/token-url.ts'
import type { TokenContext } from './authentication-type.ts'

/** `X-tenant` is needed exactly when the URL is common to all tenants (published contract, header X-tenant). */
export function requestedTenant({ properties, headers }: TokenContext): string {
  if (isCommon(properties) && headers.tenant === undefined)
    throw tokenFailure('You must send the X-tenant header when the tokenServiceURLType property is Common')
  if (!isCommon(properties) && headers.tenant !== undefined)
    throw tokenFailure('You must not send the X-tenant header when the tokenServiceURLType property is Dedicated')
  return headers.tenant ?? ''
}
