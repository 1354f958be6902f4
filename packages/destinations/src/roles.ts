// Which roles let a user administrate what (guide L405-590).

/** What is administrated. Fragments count as destinations. */
export type AdministeredArea = 'destinations' | 'certificates' | 'trust'

export interface Administered {
  readonly area: AdministeredArea
  readonly level: 'subaccount' | 'instance'
  readonly access: 'read' | 'write'
}

/** The word in the names of the roles that are for one area only. */
const words: Readonly<Record<AdministeredArea, string>> = {
  destinations: 'Configuration',
  certificates: 'Certificate',
  trust: 'Subaccount Trust',
}
const kinds = { read: 'Viewer', write: 'Administrator' } as const
/** Of the organisation or space that a service instance is in; an auditor only reads (guide L13080-13085). */
const members = ['Org Manager', 'Space Manager', 'Space Developer']
const readers = [...members, 'Space Auditor']

/**
 * The groups of roles of which a user needs one each; administrators also read.
 * On instance level that is a role of the destinations, and one of the organisation or space.
 */
export function neededRoles({ area, level, access }: Administered): readonly (readonly string[])[] {
  const chosen = access === 'write' ? [kinds.write] : [kinds.write, kinds.read]
  const roles = chosen.flatMap((kind) => [
    `Destination ${kind}`,
    `Destination ${words[area]} ${kind}`,
    ...(level === 'subaccount' ? [] : [`Destination ${kind} Instance`, `Destination ${words[area]} Instance ${kind}`]),
  ])
  return level === 'subaccount' ? [roles] : [roles, access === 'write' ? members : readers]
}

/** The first group of roles of which a user has none; undefined when nothing is missing. */
export function missingRoles(wish: Administered, roles: ReadonlySet<string>): readonly string[] | undefined {
  return neededRoles(wish).find((group) => !group.some((role) => roles.has(role)))
}
