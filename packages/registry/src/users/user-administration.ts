import { randomUUID } from 'node:crypto'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import { parseSubaccountId } from '../subaccounts/subaccount.ts'
import { checkPassword, checkUser, type LocalUser } from './local-user.ts'
import { builtInRoleCollections, type RoleCollection } from './role-collections.ts'

export interface NewUser {
  /** Empty or absent for a user of the platform. */
  readonly subaccountId?: string | undefined
  readonly userName: string
  readonly password: string
  /** The user name when absent. */
  readonly email?: string | undefined
  readonly givenName?: string | undefined
  readonly familyName?: string | undefined
  readonly origin?: string | undefined
  readonly roleCollections?: readonly string[] | undefined
  readonly attributes?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Local users and role collections with their rules. */
export class UserAdministration {
  readonly #repository: RegistryRepository
  readonly #clock: Clock

  constructor(repository: RegistryRepository, clock: Clock) {
    this.#repository = repository
    this.#clock = clock
  }

  /** @throws PlatformError USER_INVALID, USER_NAME_TAKEN or SUBACCOUNT_UNKNOWN */
  async createUser(request: NewUser): Promise<LocalUser> {
    const subaccountId = await this.#scope(request.subaccountId)
    const user = checkUser({
      id: randomUUID(),
      subaccountId,
      userName: request.userName,
      email: request.email ?? request.userName,
      givenName: request.givenName ?? '',
      familyName: request.familyName ?? '',
      origin: request.origin ?? 'sap.default',
      roleCollections: await this.#knownCollections(subaccountId, request.roleCollections ?? []),
      attributes: request.attributes ?? {},
      createdAtMs: this.#clock.now(),
    })
    await this.#repository.insertUser(user, checkPassword(request.password))
    return user
  }

  async listUsers(subaccountId?: string): Promise<readonly LocalUser[]> {
    return this.#repository.listUsers(await this.#scope(subaccountId))
  }

  /** @throws PlatformError USER_UNKNOWN */
  async user(id: string): Promise<LocalUser> {
    const user = await this.#repository.findLocalUser(id)
    if (user === undefined) throw new PlatformError('USER_UNKNOWN', { userId: id })
    return user
  }

  /** @throws PlatformError USER_UNKNOWN or USER_INVALID */
  async setRoleCollections(id: string, collections: readonly string[]): Promise<LocalUser> {
    const user = await this.user(id)
    const changed = { ...user, roleCollections: await this.#knownCollections(user.subaccountId, collections) }
    await this.#repository.updateUser(changed)
    return changed
  }

  /** @throws PlatformError USER_UNKNOWN or USER_INVALID */
  async setPassword(id: string, password: string): Promise<void> {
    await this.#repository.setPassword((await this.user(id)).id, checkPassword(password))
  }

  /** Changes all that is given, or nothing. @throws PlatformError USER_UNKNOWN or USER_INVALID */
  async changeUser(
    id: string,
    change: { readonly roleCollections?: readonly string[]; readonly password?: string },
  ): Promise<LocalUser> {
    const user = await this.user(id)
    const password = change.password === undefined ? undefined : checkPassword(change.password)
    if (change.roleCollections !== undefined) await this.setRoleCollections(id, change.roleCollections)
    if (password !== undefined) await this.#repository.setPassword(user.id, password)
    return this.user(id)
  }

  /** @throws PlatformError USER_UNKNOWN */
  async deleteUser(id: string): Promise<void> {
    if (!(await this.#repository.deleteUser(id))) throw new PlatformError('USER_UNKNOWN', { userId: id })
  }

  /** Creates or replaces a custom role collection. @throws PlatformError USER_INVALID */
  async putRoleCollection(collection: RoleCollection): Promise<RoleCollection> {
    if (Object.hasOwn(builtInRoleCollections, collection.name) || !/^[^\s].{0,98}[^\s]$/.test(collection.name))
      throw new PlatformError('USER_INVALID', {
        field: 'name',
        reason: 'must be 2 to 100 characters and not the name of a built-in role collection',
      })
    const stored = { ...collection, subaccountId: await this.#scope(collection.subaccountId) }
    await this.#repository.putRoleCollection(stored)
    return stored
  }

  async #scope(subaccountId: string | undefined): Promise<string> {
    if (subaccountId === undefined || subaccountId === '') return ''
    const id = parseSubaccountId(subaccountId)
    if ((await this.#repository.findSubaccount(id)) === undefined)
      throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: id })
    return id
  }

  async #knownCollections(subaccountId: string, names: readonly string[]): Promise<readonly string[]> {
    const custom = await this.#repository.listRoleCollections(subaccountId)
    const unknown = names.find(
      (name) => !Object.hasOwn(builtInRoleCollections, name) && !custom.some((one) => one.name === name),
    )
    if (unknown !== undefined)
      throw new PlatformError('USER_INVALID', {
        field: 'roleCollections',
        reason: `there is no role collection "${unknown.slice(0, 100)}"`,
      })
    return [...new Set(names)]
  }
}
