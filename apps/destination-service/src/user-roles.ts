import { type Administered, missingRoles } from '@landbridge/destinations'
import type { VerifiedToken } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './caller.ts'
import type { DestinationServiceConfig } from './config.ts'

/** The roles of the user of a token. */
export type RolesOf = (token: VerifiedToken) => Promise<ReadonlySet<string>>

const families = /\/v1\/(subaccount|instance)(Destinations|DestinationFragments|Certificates)(?:\/|$)/

/**
 * Refuses what a user has no role for. Applications, whose tokens have no user, may do everything on the levels of their
 * instance (guide L621-624).
 * @throws PlatformError DESTINATION_ROLE_MISSING
 */
export async function checkUserRoles(rolesOf: RolesOf, caller: Caller, request: FastifyRequest): Promise<void> {
  const wish = caller.token.userName === '' ? undefined : administered(request)
  if (wish === undefined) return
  const missing = missingRoles(wish, await rolesOf(caller.token))
  if (missing !== undefined)
    throw new PlatformError('DESTINATION_ROLE_MISSING', {
      reason: `one of these roles is needed: ${missing.join(', ')}`,
    })
}

/** True when the user of a request may read certificates; key stores are among them. */
export async function mayReadCertificates(rolesOf: RolesOf, request: FastifyRequest, level: Administered['level']) {
  const { token } = request.getDecorator<Caller>('caller')
  if (token.userName === '') return true
  return missingRoles({ area: 'certificates', level, access: 'read' }, await rolesOf(token)) === undefined
}

/** Undefined for what applications do at run time: find a destination. */
function administered({ method, routeOptions }: FastifyRequest): Administered | undefined {
  // The route, not the URL: that can be written in more than one way.
  const path = routeOptions.url ?? ''
  // A check changes nothing, though it is a POST.
  const access = method === 'GET' || method === 'HEAD' || path.endsWith('/:name/check') ? 'read' : 'write'
  if (path.includes('/v1/saml2Metadata')) return { area: 'trust', level: 'subaccount', access }
  const [, level, kind] = families.exec(path) ?? []
  if (level !== 'subaccount' && level !== 'instance') return undefined
  return { area: kind === 'Certificates' ? 'certificates' : 'destinations', level, access }
}

/** Undefined when nobody's roles are checked. */
export function enforcedRoles(options: {
  readonly config: Pick<DestinationServiceConfig, 'userRoles'>
  readonly rolesOf?: RolesOf
}): RolesOf | undefined {
  return options.config.userRoles === 'enforce' ? (options.rolesOf ?? collectionsAsRoles) : undefined
}

/** Role collections of a token by their names, where nobody says what roles are in them. */
const collectionsAsRoles: RolesOf = async (token) => new Set(roleCollectionsOf(token))

export function roleCollectionsOf({ claims }: VerifiedToken): readonly string[] {
  const system: unknown = claims['xs.system.attributes']
  const names: unknown =
    typeof system === 'object' && system !== null && 'xs.rolecollections' in system
      ? system['xs.rolecollections']
      : undefined
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
