import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { applyInitData, type ContentLevels, instanceLevel, subaccountLevel } from '@landbridge/destinations'
import { isPlatformError, ManualClock, Sealer, Secret, silentLog, toProblem } from '@landbridge/kernel'
import { everyDatabase } from '@landbridge/testkit'
import {
  type DestinationTables,
  destinationMigrations,
  openStore,
  SqlCertificateStore,
  SqlConfigurationTransactions,
  SqlDestinationStore,
  SqlFragmentStore,
  SqlTrustStore,
} from '../src/index.ts'

/** The text that the guide prints in its troubleshooting section. */
const failureText =
  'Failed to create all provided configurations. Will delete all on instance level, for configurations on subaccount level you can set policies to handle duplicates: "existing_destinations_policy" with value "update|fail|ignore" and "existing_certificates_policy" with value "fail|ignore".'

const http = (name: string, more: Record<string, string> = {}) => ({
  Name: name,
  Type: 'HTTP',
  URL: 'https://erp.example.test',
  ProxyType: 'Internet',
  Authentication: 'NoAuthentication',
  ...more,
})

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, async () => {
    const opened =
      url === undefined
        ? undefined
        : await openStore<DestinationTables>({
            url,
            sealer: new Sealer(randomBytes(32)),
            clock: new ManualClock(),
            log: silentLog,
            migrations: destinationMigrations,
          })
    after(() => opened?.close())
    const store = new SqlDestinationStore(opened!)
    const transactions = new SqlConfigurationTransactions(opened!)
    const apply = (levels: ContentLevels, data: unknown) => applyInitData(transactions, levels, data)
    const names = async (level: ContentLevels['instance']) => (await store.list(level)).map((one) => one.name)

    test('entries of both sections are on their level afterwards, and absent sections are fine (CONN-023)', async () => {
      const levels = freshLevels()
      await apply(levels, {})
      await apply(levels, { subaccount: {} })
      await apply(levels, {
        subaccount: { destinations: [http('s1')] },
        instance: { destinations: [http('i1'), http('i2', { Password: 'x' })] },
      })
      assert.deepEqual(await names(levels.subaccount), ['s1'])
      assert.deepEqual(await names(levels.instance), ['i1', 'i2'])
    })

    test('an existing name fails by default, stays with ignore, is replaced whole with update, per level (CONN-024, CONN-025, CONN-026, CONN-032, DEST-222, DEST-229)', async () => {
      const levels = freshLevels()
      const stored = http('a', { Description: 'old', User: 'u' })
      await apply(levels, {
        subaccount: { destinations: [stored, http('other')] },
        instance: { destinations: [stored] },
      })
      const change = http('a', { Description: 'new' })
      await assert.rejects(apply(levels, { subaccount: { destinations: [change] } }), failed(/destinations\[0\] \(a\)/))
      await assert.rejects(
        apply(levels, { subaccount: { existing_destinations_policy: 'fail', destinations: [change] } }),
        failed(/the name exists/),
      )
      await apply(levels, {
        subaccount: { existing_destinations_policy: 'ignore', destinations: [change, http('b')] },
        instance: { existing_destinations_policy: 'update', destinations: [change] },
      })
      assert.deepEqual((await store.find(levels.subaccount, 'a'))?.properties, stored)
      assert.deepEqual((await store.find(levels.instance, 'a'))?.properties, change)
      assert.deepEqual(await names(levels.subaccount), ['a', 'b', 'other'])
    })

    test('one wrong entry leaves nothing of the request, on either level (CONN-029, CONN-030, DEST-228)', async () => {
      const levels = freshLevels()
      await apply(levels, { instance: { destinations: [http('taken')] } })
      const data = {
        subaccount: { destinations: [http('s')] },
        instance: { destinations: [http('i'), http('taken')] },
      }
      await assert.rejects(apply(levels, data), (thrown) => {
        assert.equal(`${toProblem(thrown).title}.`, failureText)
        return isPlatformError(thrown, 'DESTINATION_INIT_DATA_FAILED')
      })
      assert.deepEqual(await names(levels.subaccount), [])
      assert.deepEqual(await names(levels.instance), ['taken'])
      const twice = { instance: { destinations: [http('n'), http('n')] } }
      await assert.rejects(apply(levels, twice), failed(/destinations\[1\] \(n\): the name exists/))
    })

    test('everything that is wrong is named at once, policies too, with the rules of the REST API (CONN-031, CONN-035)', async () => {
      const levels = freshLevels()
      const wrong = {
        subaccount: { existing_destinations_policy: 'replace', destinations: [{ Name: 'x', Type: 'HTTP' }], extra: 1 },
        instance: { destinations: 'none', certificates: [{ Name: 'a.txt', Content: 'AA==' }] },
        other: {},
      }
      await assert.rejects(apply(levels, wrong), (thrown) => {
        assert.ok(isPlatformError(thrown, 'DESTINATION_INIT_DATA_FAILED'))
        assert.deepEqual(thrown.facts.problems, [
          'init_data.subaccount.extra is unknown',
          'init_data.subaccount.existing_destinations_policy must be fail, ignore or update',
          'init_data.subaccount.destinations[0] (x): property URL is missing',
          'init_data.instance.certificates[0] (a.txt): property Name must end in .pem, .der, .cer, .crt, .p12, .pfx or .jks',
          'init_data.instance.destinations must be a list',
          'init_data.other is unknown',
        ])
        return true
      })
      await assert.rejects(apply(levels, 'text'), failed(/init_data must be an object/))
      // Like the REST API: a new name has a stricter alphabet, numbers become text.
      await assert.rejects(apply(levels, { instance: { destinations: [http('ä')] } }), failed(/1 to 200 characters/))
      await apply(levels, { instance: { destinations: [{ ...http('n'), 'sap-client': 100 }] } })
      assert.equal((await store.find(levels.instance, 'n'))?.properties['sap-client'], '100')
    })

    test('certificates and fragments come with the destinations, each kind by its own policy (CONN-021, CONN-027, CONN-028, DEST-227)', async () => {
      const levels = freshLevels()
      const certificates = new SqlCertificateStore(opened!)
      const fragments = new SqlFragmentStore(opened!)
      const certificate = (text: string) => ({ Name: 'trust.pem', Type: 'CERTIFICATE', Content: btoa(text) })
      const fragment = (value: string) => ({ FragmentName: 'f', value })
      const content = (text: string) => ({
        destinations: [http('d', { Description: text })],
        certificates: [certificate(text)],
        fragments: [fragment(text)],
      })
      await apply(levels, { subaccount: content('old'), instance: content('old') })
      await apply(levels, {
        subaccount: {
          ...content('new'),
          existing_destinations_policy: 'ignore',
          existing_certificates_policy: 'update',
          existing_fragments_policy: 'ignore',
        },
        instance: {
          ...content('new'),
          existing_destinations_policy: 'update',
          existing_certificates_policy: 'ignore',
          existing_fragments_policy: 'update',
        },
      })
      const shown = async (level: ContentLevels['instance']) => [
        (await store.find(level, 'd'))?.properties.Description,
        (await certificates.find(level, 'trust.pem'))?.content.toString(),
        (await fragments.find(level, 'f'))?.properties.value,
      ]
      assert.deepEqual(await shown(levels.subaccount), ['old', 'new', 'old'])
      assert.deepEqual(await shown(levels.instance), ['new', 'old', 'new'])
      const clash = { instance: { destinations: [http('fresh')], certificates: [certificate('x')] } }
      await assert.rejects(apply(levels, clash), failed(/certificates\[0\] \(trust\.pem\): the name exists/))
      assert.equal(await store.find(levels.instance, 'fresh'), undefined)
      await transactions.removeContent({ instanceId: levels.instance.instanceId })
      assert.deepEqual(await shown(levels.instance), [undefined, undefined, undefined])
      assert.deepEqual(await shown(levels.subaccount), ['old', 'new', 'old'])
    })

    test('the content of an instance or a subaccount goes away as a whole, subscribers included', async () => {
      const levels = freshLevels()
      const other = freshLevels()
      const subscription = {
        ...levels.instance,
        kind: 'subscription',
        subaccountId: other.subaccount.subaccountId,
      } as const
      const data = { subaccount: { destinations: [http('s')] }, instance: { destinations: [http('i')] } }
      await apply(levels, data)
      await apply(other, data)
      await store.create(subscription, http('sub'))
      const trust = new SqlTrustStore(opened!)
      const pair = { certificate: 'PEM', privateKey: new Secret('key') }
      for (const { subaccount } of [levels, other]) await trust.save(subaccount.subaccountId, 'active', pair)
      await transactions.removeContent({ instanceId: levels.instance.instanceId })
      assert.deepEqual([await names(levels.instance), await names(subscription)], [[], []])
      assert.deepEqual(await names(levels.subaccount), ['s'])
      await transactions.removeContent({ subaccountId: other.subaccount.subaccountId })
      const isKept = async ({ subaccount }: ContentLevels) =>
        (await trust.find(subaccount.subaccountId, 'active')) !== undefined
      assert.deepEqual([await isKept(levels), await isKept(other)], [true, false])
      assert.deepEqual([await names(other.subaccount), await names(other.instance)], [[], []])
      assert.deepEqual(await names(levels.subaccount), ['s'])
    })
  })

function freshLevels(): ContentLevels {
  const subaccountId = randomUUID()
  return {
    subaccount: subaccountLevel({ subaccountId }),
    instance: instanceLevel({ subaccountId, instanceId: randomUUID(), instanceSubaccountId: subaccountId }),
  }
}

function failed(problem: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(isPlatformError(thrown, 'DESTINATION_INIT_DATA_FAILED'), String(thrown))
    assert.match(String(thrown.facts.problems), problem)
    return true
  }
}
