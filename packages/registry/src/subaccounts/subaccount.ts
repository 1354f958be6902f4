import { PlatformError } from '@landbridge/kernel'

/** A tenant: what destinations, service instances and connectors belong to (guide L18793). */
export interface Subaccount {
  /** GUID in lower case. */
  readonly id: string
  /** One DNS label; the host part of the tenant's token service. */
  readonly subdomain: string
  readonly displayName: string
  readonly createdAtMs: number
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The ID of a subaccount in its stored form. A name in place of the ID is the usual mistake, so it has an answer of
 * its own (guide L18793).
 * @throws PlatformError SUBACCOUNT_NOT_AN_ID
 */
export function parseSubaccountId(given: string): string {
  const id = given.trim().toLowerCase()
  if (!guid.test(id)) throw new PlatformError('SUBACCOUNT_NOT_AN_ID', { given: given.slice(0, 100) })
  return id
}

/** @throws PlatformError SUBACCOUNT_INVALID when the subdomain is not one DNS label or the display name is too long. */
export function checkSubaccount(subaccount: Subaccount): Subaccount {
  if (!dnsLabel.test(subaccount.subdomain))
    throw new PlatformError('SUBACCOUNT_INVALID', {
      field: 'subdomain',
      reason: 'must be 1 to 63 lower-case letters, digits and inner hyphens',
    })
  if (subaccount.displayName.length > 200)
    throw new PlatformError('SUBACCOUNT_INVALID', { field: 'displayName', reason: 'must have at most 200 characters' })
  return subaccount
}
