import type { Log } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import type { Caller } from './caller.ts'

/**
 * Records every attempt to change something: who, for which tenant, what, with which outcome. Names only: no body, no
 * query, no property reaches the record.
 */
export function recordChanges(api: FastifyInstance, log: Log): void {
  api.addHook('onResponse', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return
    // Absent when the token was refused.
    const caller = request.getDecorator<Caller | undefined>('caller')
    // Routes with a name have it; an unknown path may have no parameters at all.
    const { name } = (request.params ?? {}) as { readonly name?: string }
    log.info('audit.destination.changed', {
      subaccountId: caller?.scope.subaccountId,
      instanceId: caller?.scope.instanceId,
      clientId: caller?.token.clientId,
      user: caller?.token.userName,
      operation: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
      names: name === undefined ? namesIn(request.body) : [name.slice(0, longestName)],
      status: reply.statusCode,
    })
  })
}

const longestName = 200
const mostNames = 100

/** The names of what a request writes; a body of another shape has none. */
function namesIn(body: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(body) ? body.slice(0, mostNames) : [body]
  return entries.flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null) return []
    const { Name, FragmentName } = entry as { readonly Name?: unknown; readonly FragmentName?: unknown }
    const name = Name ?? FragmentName
    return typeof name === 'string' ? [name.slice(0, longestName)] : []
  })
}
