import {
  locateFragments,
  parseReference,
  refuseMixedLevels,
  type StoredCertificate,
  type StoredDestination,
  type StoredFragment,
  withFragments,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { destinationConsumed } from './documentation.ts'
import { answerFound, type FindRouteOptions, fragmentWish, locateChain } from './find.ts'
import { checkedHeaders } from './find-headers.ts'
import { type ByName, callerOf, found, queryOf } from './level-routes.ts'

/**
 * `GET /v2/destinations/{name}@{level}`: like find, on exactly one level; without a level on the instance level. The
 * fragment is referenced in the same way.
 */
export function consumeRoute(api: FastifyInstance, options: FindRouteOptions): void {
  api.get<ByName>('/destinations/:name', destinationConsumed, async (request, reply) => {
    const { scope } = callerOf(request)
    const headers = checkedHeaders(request)
    const withOwner = wantsOwner(request)
    const { level, name } = parseReference(request.params.name, scope)
    const wish = fragmentWish(headers)
    const references = wish.names.split(',').filter((reference) => reference.trim() !== '')
    refuseMixedLevels([level, ...references.map((reference) => parseReference(reference.trim(), scope).level)], scope)
    const plain = found(await options.store.find(level, name))
    const fragments = await locateFragments(options.fragments, wish, (reference) => parseReference(reference, scope))
    const chain = await locateChain(headers, options.fragments, async (reference) => {
      const { level: providerLevel, name: providerName } = parseReference(reference, scope)
      refuseMixedLevels([level, providerLevel], scope)
      const provider = found(await options.store.find(providerLevel, providerName))
      return { provider, fragment: (text: string) => parseReference(text, scope) }
    })
    const answer = await answerFound(request, reply, options, withFragments(plain, fragments), headers, chain)
    if (answer === undefined) return reply
    const { owner: _, destinationConfiguration, ...rest } = answer.body
    if (!withOwner) return { destinationConfiguration, ...rest }
    const owner = {
      destinations: [ownerOf(plain)],
      certificates: answer.certificates.map(ownerOf),
      fragments: fragments.map(ownerOf),
    }
    const $metadata = { owner }
    return { destinationConfiguration: { ...destinationConfiguration, $metadata }, ...rest }
  })
}

function ownerOf({ name, level }: StoredDestination | StoredFragment | StoredCertificate): object {
  return {
    Name: name,
    SubaccountId: level.subaccountId,
    InstanceId: level.instanceId === '' ? null : level.instanceId,
  }
}

/** @throws PlatformError DESTINATION_QUERY_INVALID unless `$includeMetadata` is absent or `owner` */
function wantsOwner(request: FastifyRequest): boolean {
  const { $includeMetadata } = queryOf(request)
  if ($includeMetadata === undefined) return false
  if ($includeMetadata === 'owner') return true
  throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter: '$includeMetadata', reason: 'must be owner' })
}
