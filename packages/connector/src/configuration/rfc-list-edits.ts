import { type BlockedUser, isRfc, type SystemMapping } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'

/** The RFC lists of a mapping; other protocols have none. @throws PlatformError REQUEST_INVALID */
export function requireRfc(mapping: SystemMapping): void {
  if (!isRfc(mapping.protocol))
    throw new PlatformError('REQUEST_INVALID', {
      field: 'protocol',
      reason: `a mapping of protocol ${mapping.protocol} has no clients and users`,
    })
}

/** Whether a change takes the last client off the list: an empty one admits every client (guide L24745). */
export function opensToAllClients(before: SystemMapping, after: SystemMapping): boolean {
  return isRfc(after.protocol) && before.allowedClients.length > 0 && after.allowedClients.length === 0
}

/** Without repetitions, in the order of first appearance. */
export function distinctClients(clients: readonly string[]): readonly string[] {
  return [...new Set(clients)]
}

/** As `distinctClients`; user names of ABAP systems are compared without regard to case. */
export function distinctUsers(users: readonly BlockedUser[]): readonly BlockedUser[] {
  const known = new Map<string, BlockedUser>()
  for (const entry of users) {
    const key = `${entry.client}:${entry.user.toUpperCase()}`
    if (!known.has(key)) known.set(key, entry)
  }
  return [...known.values()]
}

/** @throws PlatformError CONNECTOR_RFC_ENTRY_NOT_FOUND */
export function withoutClient(clients: readonly string[], client: string): readonly string[] {
  return shortened(clients, client, (candidate) => candidate !== client)
}

/**
 * Without the entries that have both the client and the user, if given.
 * @throws PlatformError CONNECTOR_RFC_ENTRY_NOT_FOUND
 */
export function withoutUsers(
  users: readonly BlockedUser[],
  { client, user }: { readonly client?: string; readonly user?: string },
): readonly BlockedUser[] {
  const name = [client, user].filter((part) => part !== undefined).join(':')
  return shortened(
    users,
    name,
    (entry) =>
      (client !== undefined && entry.client !== client) ||
      (user !== undefined && entry.user.toUpperCase() !== user.toUpperCase()),
  )
}

function shortened<T>(list: readonly T[], entry: string, stays: (item: T) => boolean): readonly T[] {
  const rest = list.filter(stays)
  if (rest.length === list.length) throw new PlatformError('CONNECTOR_RFC_ENTRY_NOT_FOUND', { entry })
  return rest
}
