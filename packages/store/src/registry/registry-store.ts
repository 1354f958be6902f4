import {
  type ClientDirectory,
  hashPassword,
  type OAuthClient,
  type Tenant,
  type TenantDirectory,
  type User,
  type UserDirectory,
  verifyPassword,
} from '@landbridge/identity'
import { type ErrorCode, type Facts, PlatformError } from '@landbridge/kernel'
import type {
  Binding,
  LocalUser,
  RegistryRepository,
  RoleCollection,
  ServiceInstance,
  Subaccount,
  Subscription,
} from '@landbridge/registry'
import type { Kysely } from 'kysely'
import { isDuplicate, isOrphan, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { ConnectedAgentsStore } from './connected-agents-store.ts'
import {
  fromBinding,
  fromInstance,
  fromLocalUser,
  fromSubscription,
  toBinding,
  toInstance,
  toLocalUser,
  toSubaccount,
  toSubscription,
} from './rows.ts'
import type { RegistryTables } from './tables.ts'

/** Tenants, services, bindings and users in SQL, and the directories that the token service reads. */
export class RegistryStore implements RegistryRepository, TenantDirectory, ClientDirectory, UserDirectory {
  /** Certificates and live sessions of connectors, in the same database. */
  readonly connectors: ConnectedAgentsStore
  readonly #store: Store<RegistryTables>

  constructor(store: Store<RegistryTables>) {
    this.connectors = new ConnectedAgentsStore(store)
    this.#store = store
  }

  get #db() {
    return this.#store.db
  }

  async listSubaccounts(): Promise<readonly Subaccount[]> {
    const rows = await this.#db.selectFrom('subaccount').selectAll().orderBy('created_at').orderBy('id').execute()
    return rows.map(toSubaccount)
  }

  async findSubaccount(id: string): Promise<Subaccount | undefined> {
    const row = await this.#db.selectFrom('subaccount').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toSubaccount(row)
  }

  async insertSubaccount({ id, subdomain, displayName, createdAtMs }: Subaccount): Promise<void> {
    const row = { id, subdomain, display_name: displayName, created_at: createdAtMs }
    await unlessTaken(this.#db.insertInto('subaccount').values(row).execute(), 'SUBACCOUNT_TAKEN', {
      subaccountId: id,
      subdomain,
    })
  }

  async deleteSubaccount(id: string): Promise<boolean> {
    return this.#db.transaction().execute(async (transaction) => {
      // First the subaccount: after that, whoever waits to write into it finds it gone.
      const { numDeletedRows } = await transaction.deleteFrom('subaccount').where('id', '=', id).executeTakeFirst()
      await transaction.deleteFrom('local_user').where('subaccount_id', '=', id).execute()
      await transaction.deleteFrom('role_collection').where('subaccount_id', '=', id).execute()
      return numDeletedRows > 0n
    })
  }

  async nextSequence(): Promise<number> {
    const { value } = await this.#db
      .updateTable('registry_sequence')
      .set((eb) => ({ value: eb('value', '+', 1) }))
      .where('name', '=', 'application')
      .returning('value')
      .executeTakeFirstOrThrow()
    return value
  }

  async listInstances(subaccountId: string): Promise<readonly ServiceInstance[]> {
    const rows = await this.#db
      .selectFrom('service_instance')
      .selectAll()
      .where('subaccount_id', '=', subaccountId)
      .orderBy('created_at')
      .orderBy('name')
      .execute()
    return rows.map((row) => toInstance(row, this.#store.sealer))
  }

  async findInstance(id: string): Promise<ServiceInstance | undefined> {
    const row = await this.#db.selectFrom('service_instance').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toInstance(row, this.#store.sealer)
  }

  async insertInstance(instance: ServiceInstance): Promise<void> {
    const insert = this.#db.insertInto('service_instance').values(fromInstance(instance, this.#store.sealer)).execute()
    await unlessTaken(insert, 'INSTANCE_NAME_TAKEN', { name: instance.name }, () => {
      return new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: instance.subaccountId })
    })
  }

  async updateInstance(instance: ServiceInstance): Promise<void> {
    const { id, ...changes } = fromInstance(instance, this.#store.sealer)
    await this.#db.updateTable('service_instance').set(changes).where('id', '=', id).execute()
  }

  async deleteInstance(id: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('service_instance').where('id', '=', id).executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async listBindings(instanceId: string): Promise<readonly Binding[]> {
    const rows = await this.#db
      .selectFrom('service_binding')
      .selectAll()
      .where('instance_id', '=', instanceId)
      .orderBy('created_at')
      .orderBy('name')
      .execute()
    return rows.map((row) => toBinding(row, this.#store.sealer))
  }

  async findBinding(id: string): Promise<Binding | undefined> {
    const row = await this.#db.selectFrom('service_binding').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toBinding(row, this.#store.sealer)
  }

  async insertBinding(binding: Binding): Promise<void> {
    const row = fromBinding(binding, this.#store.sealer)
    const insert = this.#db.insertInto('service_binding').values(row).execute()
    await unlessTaken(insert, 'BINDING_NAME_TAKEN', { name: binding.name }, () => {
      return new PlatformError('INSTANCE_UNKNOWN', { instanceId: binding.instanceId })
    })
  }

  async deleteBinding(id: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('service_binding').where('id', '=', id).executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async findInstanceByName(xsappname: string): Promise<ServiceInstance | undefined> {
    const row = await this.#db
      .selectFrom('service_instance')
      .selectAll()
      .where('xsappname', '=', xsappname)
      .executeTakeFirst()
    return row && toInstance(row, this.#store.sealer)
  }

  async listSubscriptions(subscriberSubaccountId: string): Promise<readonly Subscription[]> {
    const rows = await this.#db
      .selectFrom('subscription')
      .selectAll()
      .where('subscriber_subaccount_id', '=', subscriberSubaccountId)
      .orderBy('created_at')
      .orderBy('xsappname')
      .execute()
    return rows.map(toSubscription)
  }

  async findSubscription(subscriberSubaccountId: string, xsappname: string): Promise<Subscription | undefined> {
    const row = await this.#db
      .selectFrom('subscription')
      .selectAll()
      .where('subscriber_subaccount_id', '=', subscriberSubaccountId)
      .where('xsappname', '=', xsappname)
      .executeTakeFirst()
    return row && toSubscription(row)
  }

  async putSubscription(subscription: Subscription): Promise<void> {
    const row = fromSubscription(subscription)
    const { state, dependencies, application_url, failure } = row
    await this.#db
      .insertInto('subscription')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['subscriber_subaccount_id', 'xsappname'])
          .doUpdateSet({ state, dependencies, application_url, failure }),
      )
      .execute()
  }

  async deleteSubscription(subscriberSubaccountId: string, xsappname: string): Promise<boolean> {
    const deleted = await this.#db
      .deleteFrom('subscription')
      .where('subscriber_subaccount_id', '=', subscriberSubaccountId)
      .where('xsappname', '=', xsappname)
      .executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async listUsers(subaccountId: string): Promise<readonly LocalUser[]> {
    const rows = await this.#db
      .selectFrom('local_user')
      .selectAll()
      .where('subaccount_id', '=', subaccountId)
      .orderBy('user_key')
      .execute()
    return rows.map(toLocalUser)
  }

  async findLocalUser(id: string): Promise<LocalUser | undefined> {
    const row = await this.#db.selectFrom('local_user').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toLocalUser(row)
  }

  async insertUser(user: LocalUser, password: string): Promise<void> {
    const row = { ...fromLocalUser(user), password_hash: await hashPassword(password), password_changed_at: null }
    const insert = this.#within(user.subaccountId, (db) => db.insertInto('local_user').values(row).execute())
    await unlessTaken(insert, 'USER_NAME_TAKEN', { userName: user.userName })
  }

  /**
   * Writes what belongs to a subaccount, or to the platform (''), which no foreign key can say: the subaccount stays
   * for as long as that takes.
   * @throws PlatformError SUBACCOUNT_UNKNOWN when it is gone
   */
  async #within(subaccountId: string, write: (db: Kysely<RegistryTables>) => Promise<unknown>): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const found = transaction.selectFrom('subaccount').select('id').where('id', '=', subaccountId)
      const held = this.#store.kind === 'postgres' ? found.forShare() : found
      if (subaccountId !== '' && (await held.executeTakeFirst()) === undefined)
        throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId })
      await write(transaction)
    })
  }

  async updateUser(user: LocalUser): Promise<void> {
    const { id, ...changes } = fromLocalUser(user)
    await this.#db.updateTable('local_user').set(changes).where('id', '=', id).execute()
  }

  async setPassword(userId: string, password: string): Promise<void> {
    const password_hash = await hashPassword(password)
    const password_changed_at = this.#store.clock.now()
    await this.#db
      .updateTable('local_user')
      .set({ password_hash, password_changed_at })
      .where('id', '=', userId)
      .execute()
  }

  async passwordChangedAtMs(userId: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('local_user')
      .select('password_changed_at')
      .where('id', '=', userId)
      .executeTakeFirst()
    return row?.password_changed_at ?? undefined
  }

  async deleteUser(id: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('local_user').where('id', '=', id).executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async listRoleCollections(subaccountId: string): Promise<readonly RoleCollection[]> {
    const rows = await this.#db
      .selectFrom('role_collection')
      .selectAll()
      .where('subaccount_id', 'in', [subaccountId, ''])
      .orderBy('name')
      .execute()
    return rows.map((row) => ({
      subaccountId: row.subaccount_id,
      name: row.name,
      roles: JSON.parse(row.roles) as string[],
    }))
  }

  async putRoleCollection({ subaccountId, name, roles }: RoleCollection): Promise<void> {
    const row = { subaccount_id: subaccountId, name, roles: JSON.stringify(roles) }
    await this.#within(subaccountId, (db) =>
      db
        .insertInto('role_collection')
        .values(row)
        .onConflict((conflict) => conflict.columns(['subaccount_id', 'name']).doUpdateSet({ roles: row.roles }))
        .execute(),
    )
  }

  // The directories of the token service.

  async tenantById(id: string): Promise<Tenant | undefined> {
    return this.findSubaccount(id.toLowerCase())
  }

  async tenantBySubdomain(subdomain: string): Promise<Tenant | undefined> {
    const row = await this.#db
      .selectFrom('subaccount')
      .selectAll()
      .where('subdomain', '=', subdomain.toLowerCase())
      .executeTakeFirst()
    return row && toSubaccount(row)
  }

  async findClient(clientId: string): Promise<OAuthClient | undefined> {
    const row = await this.#db
      .selectFrom('service_binding')
      .selectAll()
      .where((eb) =>
        eb.or([
          eb('client_id', '=', clientId).and('shared_client_id', 'is', null),
          eb('shared_client_id', '=', clientId),
        ]),
      )
      .executeTakeFirst()
    const instance = row && (await this.findInstance(row.instance_id))
    if (row === undefined || instance === undefined) return undefined
    const binding = toBinding(row, this.#store.sealer)
    return {
      clientId,
      ...(binding.clientSecret === undefined ? {} : { secret: binding.clientSecret }),
      certificateThumbprints: binding.certificateThumbprint === undefined ? [] : [binding.certificateThumbprint],
      subaccountId: instance.subaccountId,
      instanceId: instance.id,
      service: instance.service,
      plan: instance.plan,
      xsappname: instance.xsappname,
      redirectUris: instance.redirectUris,
    }
  }

  async authenticate(userName: string, password: string, subaccountId: string): Promise<User | undefined> {
    const row = await this.#userRow(userName.toLowerCase(), subaccountId)
    // Also for an unknown user, so that the time of the answer does not tell who exists.
    const isRight = await verifyPassword(password, row?.password_hash)
    return isRight && row !== undefined ? toUser(toLocalUser(row)) : undefined
  }

  async findUser(id: string): Promise<User | undefined> {
    const user = await this.findLocalUser(id)
    return user && toUser(user)
  }

  /** The subaccount's own user before the platform's, a user name before an e-mail address. */
  async #userRow(key: string, subaccountId: string): Promise<RegistryTables['local_user'] | undefined> {
    const rows = await this.#db
      .selectFrom('local_user')
      .selectAll()
      .where('subaccount_id', 'in', [subaccountId, ''])
      .where((eb) => eb.or([eb('user_key', '=', key), eb('email_key', '=', key)]))
      .execute()
    const rank = (row: RegistryTables['local_user']) =>
      (row.subaccount_id === '' ? 2 : 0) + (row.user_key === key ? 0 : 1)
    return rows.toSorted((a, b) => rank(a) - rank(b) || a.created_at - b.created_at)[0]
  }
}

function toUser({ id, userName, email, givenName, familyName, origin, roleCollections, attributes }: LocalUser): User {
  return { id, userName, email, givenName, familyName, origin, roleCollections, attributes }
}

/** @param gone makes the error of a row whose owner went away between the check and the write */
async function unlessTaken(
  write: Promise<unknown>,
  code: ErrorCode,
  facts: Facts,
  gone?: () => PlatformError,
): Promise<void> {
  try {
    await write
  } catch (cause) {
    if (gone !== undefined && isOrphan(cause)) throw gone()
    throw isDuplicate(cause) ? new PlatformError(code, facts, { cause }) : toStoreError(cause)
  }
}
