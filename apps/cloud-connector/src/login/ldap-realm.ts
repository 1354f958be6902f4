import { rootCertificates } from 'node:tls'
import type { LdapHost, LdapSettings } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import { Client, type Entry, escapeFilter, InvalidCredentialsError, ResultCodeError } from 'ldapts'
import type { Role } from './permissions.ts'
import { type RealmAttributes, readRealmAttributes } from './realm-attributes.ts'

/** Finds users and their roles in a directory. One connection per question; whoever asks remembers the answer. */
export class LdapRealm {
  readonly #settings: LdapSettings
  readonly #attributes: RealmAttributes
  readonly #ca: readonly string[]

  /**
   * @param ca PEM of authorities besides the public ones, for LDAPS.
   * @throws PlatformError REQUEST_INVALID when the attributes cannot be read.
   */
  constructor(settings: LdapSettings, ca: readonly string[]) {
    this.#settings = settings
    this.#attributes = readRealmAttributes(settings.config)
    this.#ca = ca
  }

  /** Returns if one of the servers answers, whatever the answer. @throws PlatformError CONNECTOR_LDAP_UNREACHABLE */
  async check(): Promise<void> {
    await this.#withServer((client) => this.#bindSearcher(client).catch(ignoreAnswers))
  }

  /**
   * The roles of a user who has this password; undefined when nobody has.
   * @throws PlatformError CONNECTOR_LDAP_UNREACHABLE
   */
  login(user: string, password: string): Promise<readonly Role[] | undefined> {
    // A server takes an empty password for a wish to stay anonymous, and agrees (RFC 4513 section 5.1.2).
    if (user === '' || password === '') return Promise.resolve(undefined)
    return this.#withServer(async (client) => {
      await this.#bindSearcher(client)
      const found = await this.#findUser(client, user)
      if (found === undefined) return undefined
      try {
        await client.bind(found.dn, password)
      } catch (failure) {
        if (failure instanceof InvalidCredentialsError) return undefined
        throw failure
      }
      const names = [...valuesOf(found, this.#attributes.userRoleName), ...(await this.#groupsOf(client, found, user))]
      return rolesOf(names, this.#settings)
    })
  }

  async #findUser(client: Client, user: string): Promise<Entry | undefined> {
    const { userBase, userSearch, userSubtree, userRoleName } = this.#attributes
    const { searchEntries } = await client.search(userBase, {
      scope: userSubtree ? 'sub' : 'one',
      filter: filled(userSearch, [user]),
      attributes: userRoleName === '' ? ['1.1'] : [userRoleName],
    })
    // Two people of one name: neither is known for sure.
    return searchEntries.length === 1 ? searchEntries[0] : undefined
  }

  async #groupsOf(client: Client, { dn }: Entry, user: string): Promise<readonly string[]> {
    const { roleBase, roleName, roleSearch, roleSubtree } = this.#attributes
    if (roleSearch === '') return []
    if (this.#settings.user !== undefined) await this.#bindSearcher(client)
    const { searchEntries } = await client.search(roleBase, {
      scope: roleSubtree ? 'sub' : 'one',
      filter: filled(roleSearch, [dn, user]),
      attributes: [roleName],
    })
    return searchEntries.flatMap((entry) => valuesOf(entry, roleName))
  }

  async #bindSearcher(client: Client): Promise<void> {
    const { user, password } = this.#settings
    await client.bind(user ?? '', password?.reveal() ?? '')
  }

  /** Asks one server after the other until one of them can be asked. */
  async #withServer<T>(ask: (client: Client) => Promise<T>): Promise<T> {
    const reasons: string[] = []
    for (const server of this.#settings.hosts) {
      const client = this.#connect(server)
      try {
        return await ask(client)
      } catch (failure) {
        reasons.push(failure instanceof Error ? failure.message : String(failure))
      } finally {
        await client.unbind().catch(() => {})
      }
    }
    const host = this.#settings.hosts.map((server) => `${server.host}:${server.port}`).join(', ')
    throw new PlatformError('CONNECTOR_LDAP_UNREACHABLE', { host, reason: reasons.join('; ') })
  }

  #connect({ host, port, isSecure }: LdapHost): Client {
    const timeoutMs = this.#attributes.connectionTimeoutMs
    return new Client({
      url: `${isSecure ? 'ldaps' : 'ldap'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(isSecure ? { tlsOptions: { ca: [...rootCertificates, ...this.#ca], minVersion: 'TLSv1.2' } } : {}),
    })
  }
}

/** Standard names of roles; a custom one takes their place (guide L28283). */
function rolesOf(names: readonly string[], settings: LdapSettings): readonly Role[] {
  const wanted: readonly [Role, readonly string[]][] = [
    ['Administrator', settings.customAdminRole === undefined ? ['sccadmin', 'admin'] : [settings.customAdminRole]],
    ['SubaccountAdministrator', ['sccsubadmin']],
    ['Display', [settings.customDisplayRole ?? 'sccdisplay']],
    ['Support', [settings.customSupportRole ?? 'sccsupport']],
    ['Monitoring', [settings.customMonitoringRole ?? 'sccmonitoring']],
  ]
  return wanted.filter(([, standing]) => standing.some((name) => names.includes(name))).map(([role]) => role)
}

/** Values take part in a filter as values, whatever they hold (RFC 4515 section 3). */
function filled(pattern: string, values: readonly string[]): string {
  const filter = pattern.replaceAll(/\{(\d)\}/g, (_all, index: string) => escapeFilter`${values[Number(index)] ?? ''}`)
  return filter.startsWith('(') ? filter : `(${filter})`
}

function valuesOf(entry: Entry, attribute: string): readonly string[] {
  if (attribute === '') return []
  const name = Object.keys(entry).find((candidate) => candidate.toLowerCase() === attribute.toLowerCase())
  return name === undefined ? [] : [entry[name] ?? []].flat().map(String)
}

function ignoreAnswers(failure: unknown): void {
  if (!(failure instanceof ResultCodeError)) throw failure
}
