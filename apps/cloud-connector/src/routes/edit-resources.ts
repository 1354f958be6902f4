import type { Resource, SystemMapping } from '@landbridge/access'
import { type AuditEvent, type Subaccount, subaccountOf, withSubaccount } from '@landbridge/connector'
import type { FastifyRequest } from 'fastify'
import { type ApiContext, parameters, subaccountIn } from './context.ts'
import { mappingIn } from './named-mapping.ts'

/** What an edit of several resources makes of a subaccount, and what it tells the caller. */
export interface ResourcesEdit<T> {
  readonly subaccount: Subaccount
  readonly result: T
}

/**
 * Changes resources of the mapping that the path names in one transaction, with an audit entry for each resource that
 * came, went or changed. `edit` sees the version that all earlier changes made.
 */
export function editResources<T>(
  context: ApiContext,
  request: FastifyRequest,
  details: NonNullable<AuditEvent['details']>,
  edit: (subaccount: Subaccount, mapping: SystemMapping) => ResourcesEdit<T>,
): Promise<T> {
  const { regionHost, subaccountId } = subaccountIn(request, context)
  return context.store.change(request.actor, (current) => {
    const before = subaccountOf(current, regionHost, subaccountId)
    const mapping = mappingIn(request, before)
    const { subaccount, result } = edit(before, mapping)
    const after = mappingIn(request, subaccount)
    const audit = changes(mapping.resources, after.resources).map(
      ([action, id]): AuditEvent => ({
        category: 'AllowedResource',
        action,
        object: `${parameters(request).address} ${id}`,
        subaccount: `${subaccountId}@${regionHost}`,
        details,
      }),
    )
    return { next: withSubaccount(current, subaccount), audit, result }
  })
}

function changes(
  before: readonly Resource[],
  after: readonly Resource[],
): readonly (readonly ['create' | 'update' | 'delete', id: string])[] {
  const was = new Map(before.map((resource) => [resource.id, resource]))
  const now = new Set(after.map(({ id }) => id))
  return [
    ...after
      .filter((resource) => was.get(resource.id) !== resource)
      .map(({ id }) => [was.has(id) ? 'update' : 'create', id] as const),
    ...before.filter(({ id }) => !now.has(id)).map(({ id }) => ['delete', id] as const),
  ]
}
