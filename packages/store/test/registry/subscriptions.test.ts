import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { OAuthClient, VerifiedToken } from '@landbridge/identity'
import { type ErrorCode, isPlatformError, ManualClock } from '@landbridge/kernel'
import { Registry, type ServiceInstance, type Subaccount, Subscriptions, TenantAccess } from '@landbridge/registry'
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
    let subscriptions: Subscriptions
    let access: TenantAccess
    /** What the applications of this test name as their dependencies. */
    let named: readonly object[] = []

    before(async () => {
      const opened = await openRegistry(url, clock)
      store = opened.store
      repository = opened.registry
      registry = new Registry({ repository, clock })
      subscriptions = new Subscriptions({
        repository,
        clock,
        callApplication: async ({ method }) => ({ status: 200, text: method === 'GET' ? JSON.stringify(named) : '' }),
      })
      access = new TenantAccess({ repository, clock })
    })
    after(() => store.close())

    const newSubaccount = () => registry.createSubaccount({ subdomain: `t-${randomUUID().slice(0, 8)}` })
    const newInstance = (subaccount: Subaccount, service = 'xsuaa', parameters = {}) =>
      registry.createInstance({
        subaccountId: subaccount.id,
        service,
        name: `i-${randomUUID().slice(0, 8)}`,
        parameters,
      })
    const clientOf = async (instance: ServiceInstance): Promise<OAuthClient> => {
      const { binding } = await registry.createBinding({ instanceId: instance.id, name: 'key' })
      const client = await repository.findClient(binding.clientId)
      assert.ok(client)
      return client
    }
    const tokenOf = (client: OAuthClient, tenantId: string) =>
      ({ clientId: client.clientId, tenantId }) as VerifiedToken

    test('a client acts in its own subaccount and in those that are subscribed to an application of it, nowhere else (CONN-042)', async () => {
      const [provider, subscriber, stranger] = [await newSubaccount(), await newSubaccount(), await newSubaccount()]
      const application = await newInstance(provider)
      const clients = [
        await clientOf(application),
        await clientOf(await newInstance(provider, 'destination')),
        await clientOf(await newInstance(provider, 'connectivity')),
      ]
      const back = await clientOf(await newInstance(subscriber))
      const { outcome, subscription: created } = await subscriptions.subscribe(
        subscriber.id.toUpperCase(),
        application.xsappname,
      )
      assert.equal(outcome, 'created')
      assert.deepEqual(created, {
        providerSubaccountId: provider.id,
        xsappname: application.xsappname,
        subscriberSubaccountId: subscriber.id,
        createdAtMs: clock.now(),
        state: 'subscribed',
      })
      assert.deepEqual(await subscriptions.list(subscriber.id), [created])
      for (const client of clients) {
        assert.equal(await access.mayActIn(client, provider), true)
        assert.equal(await access.mayActIn(client, subscriber), true)
        assert.equal(await access.mayActIn(client, stranger), false)
      }
      assert.equal(
        await access.mayActIn(back, provider),
        false,
        'a subscription lets the provider in, not the subscriber',
      )
      await subscriptions.unsubscribe(subscriber.id, application.xsappname)
      for (const client of clients) assert.equal(await access.mayActIn(client, subscriber), false)
    })

    test('a proxy of the platform acts for every tenant, a dedicated one for its own', async () => {
      const [operator, tenant] = [await newSubaccount(), await newSubaccount()]
      const shared = await clientOf(await newInstance(operator, 'connectivity_proxy'))
      const dedicated = await clientOf(await newInstance(operator, 'connectivity_proxy', { tenantMode: 'dedicated' }))
      assert.equal(await access.mayActIn(shared, tenant), true)
      assert.equal(await access.mayActIn(dedicated, tenant), false)
      assert.equal(await access.mayActIn(dedicated, operator), true)
    })

    test("a token of the provider acts for users of a subscriber; a subscriber's token acts for nobody else (CONN-077, CONN-078)", async () => {
      const [provider, one, two] = [await newSubaccount(), await newSubaccount(), await newSubaccount()]
      const application = await newInstance(provider)
      const client = await clientOf(await newInstance(provider, 'connectivity'))
      await subscriptions.subscribe(one.id, application.xsappname)
      await subscriptions.subscribe(two.id, application.xsappname)
      const own = tokenOf(client, provider.id)
      assert.equal(await access.mayActFor(own, one.id), true)
      assert.equal(await access.mayActFor(tokenOf(client, one.id), two.id), false)
      assert.equal(await access.mayActFor({ ...own, clientId: 'sb-nobody' }, one.id), false)
      await subscriptions.unsubscribe(one.id, application.xsappname)
      clock.advance(10_000)
      assert.equal(await access.mayActFor(own, one.id), false)
      assert.equal(await access.mayActFor(own, two.id), true)
    })

    test('what cannot be subscribed to is refused with the reason, and subscribing twice changes nothing (RFC-127, RFC-136)', async () => {
      const [provider, subscriber] = [await newSubaccount(), await newSubaccount()]
      const application = await newInstance(provider)
      const { xsappname: service } = await newInstance(provider, 'destination')
      const subscribe = (id: string, xsappname: string) => subscriptions.subscribe(id, xsappname)
      await assert.rejects(subscribe(randomUUID(), application.xsappname), refused('SUBACCOUNT_UNKNOWN'))
      await assert.rejects(subscribe(subscriber.id, 'nothing!t0'), refused('APPLICATION_UNKNOWN'))
      await assert.rejects(subscribe(subscriber.id, service), refused('APPLICATION_UNKNOWN'))
      await assert.rejects(subscribe(provider.id, application.xsappname), refused('SUBSCRIPTION_TO_OWN'))
      await subscribe(subscriber.id, application.xsappname)
      const dedicated = await newInstance(provider, 'xsuaa', { 'tenant-mode': 'dedicated' })
      await assert.rejects(subscribe(subscriber.id, dedicated.xsappname), refused('APPLICATION_DEDICATED'))
      assert.equal((await subscribe(subscriber.id, application.xsappname)).outcome, 'existing')
      assert.equal((await subscriptions.list(subscriber.id)).length, 1)
      await assert.rejects(subscriptions.unsubscribe(subscriber.id, 'x!t0'), refused('SUBSCRIPTION_UNKNOWN'))
    })

    test('a subscription ends with its application, its provider and its subscriber', async () => {
      const [one, two, subscriber] = [await newSubaccount(), await newSubaccount(), await newSubaccount()]
      const [gone, orphan] = [await newInstance(one), await newInstance(two)]
      await subscriptions.subscribe(subscriber.id, gone.xsappname)
      await subscriptions.subscribe(subscriber.id, orphan.xsappname)
      await registry.deleteInstance(gone.id)
      assert.deepEqual(
        (await subscriptions.list(subscriber.id)).map((left) => left.xsappname),
        [orphan.xsappname],
      )
      await registry.deleteSubaccount(two.id)
      assert.deepEqual(await subscriptions.list(subscriber.id), [])
      const last = await newInstance(one)
      await subscriptions.subscribe(subscriber.id, last.xsappname)
      await registry.deleteSubaccount(subscriber.id)
      assert.equal(await repository.findSubscription(subscriber.id, last.xsappname), undefined)
    })

    test('of a provisioned application only itself and the instances that it names act for a subscriber (RFC-133, RFC-134)', async () => {
      const [provider, subscriber] = [await newSubaccount(), await newSubaccount()]
      const application = await newInstance(provider, 'xsuaa', { xsappname: 'shop', 'tenant-mode': 'shared' })
      const [destination, byService, other] = [
        await newInstance(provider, 'destination'),
        await newInstance(provider, 'connectivity'),
        await newInstance(provider, 'xsuaa', { xsappname: 'other' }),
      ]
      await newInstance(provider, 'provisioning', {
        xsappname: application.xsappname,
        appName: 'Shop',
        appUrls: { getDependencies: 'https://shop.test/d', onSubscription: 'https://shop.test/t/{tenantId}' },
      })
      const silent = new Subscriptions({ repository, clock })
      const attempt = silent.subscribe(subscriber.id, application.xsappname)
      await assert.rejects(attempt, refused('PROVISIONING_UNAVAILABLE'), 'a platform that cannot call applications')
      assert.deepEqual(await silent.list(subscriber.id), [])
      const clients = await Promise.all([application, destination, byService, other].map(clientOf))
      const acting = async () => Promise.all(clients.map((client) => access.mayActIn(client, subscriber)))
      assert.deepEqual(await acting(), [false, false, false, false])
      named = [{ appName: 'destination', appId: destination.xsappname }]
      await subscriptions.subscribe(subscriber.id, application.xsappname)
      assert.deepEqual(await acting(), [true, true, false, false])
      const user = tokenOf(clients[2]!, provider.id)
      assert.equal(await access.mayActFor(user, subscriber.id), false)
      named = [...named, { appName: 'connectivity', appId: 'connectivity!b1', more: [1] }]
      await subscriptions.subscribe(subscriber.id, application.xsappname)
      assert.deepEqual(await acting(), [true, true, true, false])
      clock.advance(10_000)
      assert.equal(await access.mayActFor(user, subscriber.id), true)
      await subscriptions.unsubscribe(subscriber.id, application.xsappname)
      assert.deepEqual(await acting(), [false, false, false, false])
    })
  })
