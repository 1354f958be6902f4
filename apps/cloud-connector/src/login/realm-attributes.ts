import { invalid } from '../body/fields.ts'

/** How users and their roles are found in a directory. */
export interface RealmAttributes {
  readonly userBase: string
  /** `{0}` stands for the user's name. */
  readonly userSearch: string
  readonly userSubtree: boolean
  /** Attribute of the user that holds names of roles; empty: none does. */
  readonly userRoleName: string
  readonly roleBase: string
  /** Attribute of a group that holds its name. */
  readonly roleName: string
  /** `{0}` stands for the user's distinguished name, `{1}` for the user's name; empty: groups are not asked. */
  readonly roleSearch: string
  readonly roleSubtree: boolean
  readonly connectionTimeoutMs: number
}

/** Reads `name="value" …` (guide L28260, L28646); names that mean nothing here are ignored. @throws PlatformError REQUEST_INVALID */
export function readRealmAttributes(text: string): RealmAttributes {
  const attributes = new Map<string, string>()
  const rest = text.replaceAll(/([A-Za-z]+)\s*=\s*"([^"]*)"/g, (_all, name: string, value: string) => {
    attributes.set(name, value)
    return ''
  })
  if (rest.trim() !== '') throw invalid('config', 'must be a list of name="value"')
  const get = (name: string): string => attributes.get(name) ?? ''
  for (const name of ['userBase', 'userSearch'])
    if (get(name) === '') throw invalid('config', `lacks the attribute ${name}`)
  if (get('roleSearch') !== '' && (get('roleBase') === '' || get('roleName') === ''))
    throw invalid('config', 'needs roleBase and roleName with roleSearch')
  const timeout = get('connectionTimeout')
  if (!/^\d{0,6}$/.test(timeout)) throw invalid('config', 'has a connectionTimeout that is no number of milliseconds')
  return {
    userBase: get('userBase'),
    userSearch: get('userSearch'),
    userSubtree: get('userSubtree') === 'true',
    userRoleName: get('userRoleName'),
    roleBase: get('roleBase'),
    roleName: get('roleName'),
    roleSearch: get('roleSearch'),
    roleSubtree: get('roleSubtree') === 'true',
    connectionTimeoutMs: timeout === '' ? 5_000 : Math.max(1, Number(timeout)),
  }
}
