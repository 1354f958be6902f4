import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type ErrorCode, isPlatformError, ManualClock } from '@landbridge/kernel'
import { Pairing, passcodeUser, Registry, UserAdministration } from '@landbridge/registry'
import { everyDatabase } from '@landbridge/testkit'
import type { RegistryStore, RegistryTables, Store } from '../../src/index.ts'
import { openRegistry } from './open-registry.ts'

const refused = (code: ErrorCode) => (thrown: unknown) => isPlatformError(thrown, code)

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    const clock = new ManualClock()
    let store: Store<RegistryTables>
    let repository: RegistryStore
    let registry: Registry
    let users: UserAdministration

    before(async () => {
      const opened = await openRegistry(url, clock)
      store = opened.store
      repository = opened.registry
      registry = new Registry({ repository, clock })
      users = new UserAdministration(repository, clock)
    })
    after(() => store.close())

    const newSubaccount = () => registry.createSubaccount({ subdomain: `t-${randomUUID().slice(0, 8)}` })

    test('a subaccount is found by ID and by subdomain, and neither comes twice', async () => {
      const created = await registry.createSubaccount({ subdomain: 'acme', displayName: 'Acme' })
      assert.deepEqual(await registry.subaccount(created.id.toUpperCase()), created)
      assert.equal((await repository.tenantById(created.id))?.subdomain, 'acme')
      assert.equal((await repository.tenantBySubdomain('ACME'))?.id, created.id)
      await assert.rejects(registry.createSubaccount({ subdomain: 'acme' }), refused('SUBACCOUNT_TAKEN'))
      await assert.rejects(registry.createSubaccount({ id: created.id, subdomain: 'b' }), refused('SUBACCOUNT_TAKEN'))
      await assert.rejects(registry.createSubaccount({ subdomain: 'Not A Label' }), refused('SUBACCOUNT_INVALID'))
    })

    test('a binding is the OAuth client that the token service finds (CONN-013)', async () => {
      const { id: subaccountId } = await newSubaccount()
      const instance = await registry.createInstance({
        subaccountId,
        service: 'xsuaa',
        name: 'uaa',
        parameters: { xsappname: 'shop', 'oauth2-configuration': { 'redirect-uris': ['https://*.example.test/**'] } },
      })
      const { binding } = await registry.createBinding({ instanceId: instance.id, name: 'key' })
      assert.match(binding.clientId, /^sb-shop!t\d+$/)
      const client = await repository.findClient(binding.clientId)
      assert.equal(client?.secret?.reveal(), binding.clientSecret?.reveal())
      assert.equal(client?.service, 'xsuaa')
      assert.equal(client?.plan, 'application')
      assert.equal(client?.subaccountId, subaccountId)
      assert.equal(client?.xsappname, instance.xsappname)
      assert.deepEqual(client?.redirectUris, ['https://*.example.test/**'])
      assert.equal(await repository.findClient('sb-unknown'), undefined)
    })

    test('client IDs have the form that clients expect and are all distinct (RC-006)', async () => {
      const { id: subaccountId } = await newSubaccount()
      const ids: string[] = []
      for (const service of ['destination', 'connectivity', 'connectivity_proxy'])
        for (const instanceName of ['one', 'two']) {
          const name = `${service}-${instanceName}`
          const { id } = await registry.createInstance({ subaccountId, service, name })
          for (const key of ['a', 'b'])
            ids.push((await registry.createBinding({ instanceId: id, name: key })).binding.clientId)
        }
      assert.equal(new Set(ids).size, 12)
      assert.match(ids[0]!, /^sb-clone\d+!b\d+\|destination-xsappname!b\d+$/)
      assert.match(ids[4]!, /^sb-clone\d+!b\d+\|connectivity!b\d+$/)
    })

    test('names are unique per subaccount, plans are checked, and no quota applies (CONN-011)', async () => {
      const first = await newSubaccount()
      const second = await newSubaccount()
      const dest = { service: 'destination', name: 'dest' }
      const instance = await registry.createInstance({ subaccountId: first.id, ...dest })
      await registry.createInstance({ subaccountId: second.id, ...dest })
      await assert.rejects(registry.createInstance({ subaccountId: first.id, ...dest }), refused('INSTANCE_NAME_TAKEN'))
      await assert.rejects(
        registry.createInstance({ subaccountId: first.id, service: 'destination', plan: 'huge', name: 'x' }),
        refused('SERVICE_UNKNOWN'),
      )
      await registry.createBinding({ instanceId: instance.id, name: 'key' })
      await assert.rejects(
        registry.createBinding({ instanceId: instance.id, name: 'key' }),
        refused('BINDING_NAME_TAKEN'),
      )
      await assert.rejects(registry.deleteInstance(instance.id), refused('INSTANCE_HAS_BINDINGS'))
      for (let i = 0; i < 20; i++)
        for (const service of ['destination', 'connectivity'])
          await registry.createInstance({ subaccountId: first.id, service, name: `${service}-${i}` })
    })

    test('the secret of a binding is sealed in the database', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { id: instanceId } = await registry.createInstance({ subaccountId, service: 'destination', name: 'd' })
      const { binding } = await registry.createBinding({ instanceId, name: 'key' })
      const row = await store.db
        .selectFrom('service_binding')
        .selectAll()
        .where('id', '=', binding.id)
        .executeTakeFirstOrThrow()
      assert.equal(JSON.stringify(row).includes(binding.clientSecret!.reveal()), false)
      assert.equal(store.sealer.open(row.client_secret!, `binding:${binding.id}`), binding.clientSecret?.reveal())
    })

    test('unknown keys beside xsuaa are ignored; what xsuaa asks for is checked (CONN-020)', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { id: instanceId } = await registry.createInstance({ subaccountId, service: 'destination', name: 'd' })
      const parameters = { colour: 'green', xsuaa: { 'credential-type': 'binding-secret' } }
      const { binding } = await registry.createBinding({ instanceId, name: 'a', parameters })
      assert.equal(binding.credentialType, 'binding-secret')
      for (const xsuaa of [{ 'credential-type': 'magic' }, { 'credential-type': 'x509', x509: { validity: -1 } }])
        await assert.rejects(
          registry.createBinding({ instanceId, name: 'b', parameters: { xsuaa } }),
          refused('BINDING_INVALID'),
        )
    })

    test('bindings that ask for the secret of the instance share one client, as long as one of them lives', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { id: instanceId } = await registry.createInstance({ subaccountId, service: 'xsuaa', name: 'shared' })
      const parameters = { xsuaa: { 'credential-type': 'instance-secret' } }
      const own = await registry.createBinding({ instanceId, name: 'own' })
      const first = await registry.createBinding({ instanceId, name: 'a', parameters })
      const second = await registry.createBinding({ instanceId, name: 'b', parameters })
      const { clientId } = first.binding
      assert.equal(second.binding.clientId, clientId)
      assert.equal(second.binding.clientSecret?.reveal(), first.binding.clientSecret?.reveal())
      assert.notEqual(own.binding.clientId, clientId)
      assert.deepEqual((await registry.boundService(second.binding.id)).binding, second.binding)
      await registry.deleteBinding(first.binding.id)
      const client = await repository.findClient(clientId)
      assert.ok(client?.secret?.matches(second.binding.clientSecret?.reveal() ?? ''))
      assert.equal(await repository.findClient(`${clientId}#${second.binding.id}`), undefined)
      await registry.deleteBinding(second.binding.id)
      assert.equal(await repository.findClient(clientId), undefined)
    })

    test('HTML5Runtime_enabled is a boolean or its text, and echoed as boolean (CONN-033, CONN-034, DEST-230)', async () => {
      const { id: subaccountId } = await newSubaccount()
      for (const [given, stored] of [
        ['true', true],
        ['false', false],
        [true, true],
      ] as const) {
        const { id } = await registry.createInstance({
          subaccountId,
          service: 'destination',
          name: `d-${String(given)}-${typeof given}`,
          parameters: { HTML5Runtime_enabled: given },
        })
        assert.equal((await registry.instance(id)).parameters.HTML5Runtime_enabled, stored)
      }
      await assert.rejects(
        registry.createInstance({
          subaccountId,
          service: 'destination',
          name: 'bad',
          parameters: { HTML5Runtime_enabled: 'yes' },
        }),
        refused('INSTANCE_INVALID'),
      )
    })

    test('init data that cannot be applied leaves no instance behind', async () => {
      const { id: subaccountId } = await newSubaccount()
      const applied: unknown[] = []
      const withInitData = new Registry({
        repository,
        clock,
        applyInitData: async (_instance, initData) => {
          applied.push(initData)
          if (applied.length > 1) throw new Error('exists')
        },
      })
      const request = {
        subaccountId,
        service: 'destination',
        name: 'a',
        parameters: { init_data: { instance: { destinations: [] } } },
      }
      const created = await withInitData.createInstance(request)
      assert.deepEqual(applied, [{ instance: { destinations: [] } }])
      assert.equal('init_data' in created.parameters, false)
      await assert.rejects(withInitData.createInstance({ ...request, name: 'b' }), /exists/)
      assert.deepEqual(
        (await registry.listInstances(subaccountId)).map((one) => one.name),
        ['a'],
      )
      assert.equal((await withInitData.updateInstance(created.id, { colour: 1 })).parameters.colour, 1)
    })

    test('where somebody else issues the tokens, nothing of the service identity is stored', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { id: instanceId } = await registry.createInstance({ subaccountId, service: 'identity', name: 'a' })
      const without = new Registry({ repository, clock, withoutIdentity: true })
      await assert.rejects(without.createBinding({ instanceId, name: 'a-key' }), refused('IDENTITY_SERVICE_OFF'))
      await assert.rejects(
        without.createInstance({ subaccountId, service: 'identity', name: 'b' }),
        refused('IDENTITY_SERVICE_OFF'),
      )
      assert.deepEqual(await without.boundServices(subaccountId), [])
    })

    test('an X.509 binding needs an instance that supports it; an update makes it so (CONN-017, CONN-018, CONN-019)', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { LocalCa } = await import('@landbridge/identity')
      const ca = await LocalCa.create({ subject: { CN: 'test' } })
      const withCa = new Registry({
        repository,
        clock,
        issueBindingCertificate: async ({ commonName, validityDays }) => {
          const { cert, key } = await ca.issueClient({ subject: { CN: commonName }, days: validityDays })
          return { certificate: cert, key }
        },
      })
      const instance = await withCa.createInstance({ subaccountId, service: 'connectivity', name: 'c' })
      await repository.updateInstance({ ...instance, supportsX509: false })
      const managed = {
        instanceId: instance.id,
        name: 'managed',
        parameters: { xsuaa: { 'credential-type': 'x509', x509: { validity: 1, 'validity-type': 'MONTHS' } } },
      }
      await assert.rejects(withCa.createBinding(managed), refused('BINDING_X509_UNSUPPORTED'))
      await withCa.updateInstance(instance.id)
      const { binding } = await withCa.createBinding(managed)
      assert.equal(binding.clientSecret, undefined)
      assert.match(binding.privateKey?.reveal() ?? '', /PRIVATE KEY/)
      const client = await repository.findClient(binding.clientId)
      assert.deepEqual(client?.certificateThumbprints, [binding.certificateThumbprint])
      const own = await ca.issueClient({ subject: { CN: 'own' }, days: 1 })
      const brought = await withCa.createBinding({
        instanceId: instance.id,
        name: 'own',
        parameters: { xsuaa: { 'credential-type': 'x509', x509: { certificate: own.cert } } },
      })
      assert.equal(brought.binding.privateKey, undefined)
      assert.equal(brought.binding.certificate, own.cert)
    })

    test('a subaccount goes with its instances, bindings and users', async () => {
      const { id: subaccountId } = await newSubaccount()
      const { id: instanceId } = await registry.createInstance({ subaccountId, service: 'destination', name: 'd' })
      const { binding } = await registry.createBinding({ instanceId, name: 'key' })
      const user = await users.createUser({ subaccountId, userName: 'a@example.test', password: 'password-1' })
      await registry.deleteSubaccount(subaccountId)
      await assert.rejects(registry.subaccount(subaccountId), refused('SUBACCOUNT_UNKNOWN'))
      assert.equal(await repository.findClient(binding.clientId), undefined)
      assert.equal(await repository.findUser(user.id), undefined)
    })

    test('a user logs on by name or e-mail address in any case, in the own subaccount only', async () => {
      const first = await newSubaccount()
      const second = await newSubaccount()
      const user = await users.createUser({
        subaccountId: first.id,
        userName: 'Ann',
        email: 'Ann@Example.test',
        password: 'correct horse',
        attributes: { country: ['NO'] },
      })
      const directory = repository
      assert.equal((await directory.authenticate('ann', 'correct horse', first.id))?.id, user.id)
      assert.equal((await directory.authenticate('ANN@example.test', 'correct horse', first.id))?.id, user.id)
      assert.deepEqual((await directory.findUser(user.id))?.attributes, { country: ['NO'] })
      assert.equal(await directory.authenticate('ann', 'wrong horse', first.id), undefined)
      assert.equal(await directory.authenticate('ann', 'correct horse', second.id), undefined)
      assert.equal(await directory.authenticate('nobody', 'correct horse', first.id), undefined)
      await assert.rejects(
        users.createUser({ subaccountId: first.id, userName: 'ANN', email: 'x@y', password: 'password-2' }),
        refused('USER_NAME_TAKEN'),
      )
      await users.setPassword(user.id, 'battery staple')
      assert.equal(await directory.authenticate('ann', 'correct horse', first.id), undefined)
    })

    test('a user may pair with one of the role collections, or with a custom one that has the role (SCC-052, SCC-054, SCC-055)', async () => {
      const { id: subaccountId } = await newSubaccount()
      const pairing = new Pairing(repository, clock)
      const user = await users.createUser({ subaccountId, userName: 'bob@example.test', password: 'password-1' })
      const attempt = {
        subaccount: subaccountId,
        userName: 'bob@example.test',
        password: 'password-1',
        remoteAddress: '127.0.0.1',
      }
      await assert.rejects(pairing.authorise(attempt), refused('PAIRING_ROLE_MISSING'))
      await assert.rejects(users.setRoleCollections(user.id, ['Plumbers']), refused('USER_INVALID'))
      await users.putRoleCollection({ subaccountId, name: 'Plumbers', roles: ['Cloud Connector Administrator'] })
      await users.setRoleCollections(user.id, ['Plumbers'])
      assert.equal((await pairing.authorise(attempt)).user.id, user.id)
      await assert.rejects(
        pairing.authorise({ ...attempt, password: 'password-2' }),
        refused('PAIRING_CREDENTIALS_WRONG'),
      )
      await assert.rejects(pairing.authorise({ ...attempt, subaccount: 'acme' }), refused('SUBACCOUNT_NOT_AN_ID'))
      await assert.rejects(pairing.authorise({ ...attempt, subaccount: randomUUID() }), refused('SUBACCOUNT_UNKNOWN'))
    })

    test('a user of the platform may pair in every subaccount; guessing is slowed down, of passcodes for the one who guesses only', async () => {
      const { id: subaccount } = await newSubaccount()
      await users.createUser({
        userName: 'root@example.test',
        password: 'password-1',
        roleCollections: ['Global Account Administrator'],
      })
      const pairing = new Pairing(repository, clock)
      const attempt = { subaccount, userName: 'root@example.test', password: 'password-1', remoteAddress: '::1' }
      assert.equal((await pairing.authorise(attempt)).subaccount.id, subaccount)
      for (let i = 0; i < 6; i++)
        await assert.rejects(
          pairing.authorise({ ...attempt, password: 'wrong-password' }),
          refused('PAIRING_CREDENTIALS_WRONG'),
        )
      await assert.rejects(pairing.authorise(attempt), refused('PAIRING_ATTEMPTS_EXCEEDED'))
      clock.advance(1_000)
      assert.equal((await pairing.authorise(attempt)).subaccount.id, subaccount)
      // All passcodes come with this user name.
      const stranger = { ...attempt, userName: passcodeUser, remoteAddress: '192.0.2.9' }
      for (let i = 0; i < 6; i++)
        await assert.rejects(pairing.authorise(stranger), refused('PAIRING_CREDENTIALS_WRONG'))
      await assert.rejects(pairing.authorise(stranger), refused('PAIRING_ATTEMPTS_EXCEEDED'))
      const other = { ...stranger, remoteAddress: '192.0.2.10' }
      await assert.rejects(pairing.authorise(other), refused('PAIRING_CREDENTIALS_WRONG'))
    })
  })
