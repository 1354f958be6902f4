import type { FindOptions } from '@landbridge/client'
import type { PlatformHeaders } from '../http/platform-headers.ts'
import { refused } from './refused.ts'

/** Whose destinations are looked for. */
export interface TenantRules {
  readonly mode: 'dedicated' | 'shared'
  /** ID of the tenant of the binding, where the binding tells it. */
  readonly own?: string
}

/** In the mode dedicated the headers mean nothing, and a user token leads to no other tenant. */
export function tenantOf(
  headers: PlatformHeaders,
  { mode, own }: TenantRules,
): Pick<FindOptions, 'tenant' | 'tenantSubdomain'> {
  if (mode === 'dedicated') return own === undefined ? {} : { tenant: own }
  const id = headers.get('x-tenant-id')
  const subdomain = headers.get('x-tenant-subdomain')
  if (id !== undefined && subdomain !== undefined)
    throw refused("Both 'x-tenant-id' and 'x-tenant-subdomain' headers are passed. Only one should be provided.")
  if (id === undefined && subdomain === undefined)
    throw refused(
      "In multi-tenant operational mode, either 'x-tenant-id' or 'x-tenant-subdomain' header is mandatory to be provided.",
    )
  if (id !== undefined && !/^[\w-]{1,64}$/.test(id))
    throw refused("The value of the header 'x-tenant-id' is not an ID.")
  if (subdomain !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(subdomain))
    throw refused("The value of the header 'x-tenant-subdomain' is not a DNS label.")
  return {
    ...(id === undefined ? {} : { tenant: id }),
    ...(subdomain === undefined ? {} : { tenantSubdomain: subdomain }),
  }
}
