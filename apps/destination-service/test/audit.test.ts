import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { clients, provider, startService, subscriberA, type TestService, tenantClaims } from './support/service.ts'

const secret = 'planted-secret-of-the-audit'
const destination = {
  Type: 'HTTP',
  URL: 'http://x.test',
  Authentication: 'BasicAuthentication',
  User: 'u',
  Password: secret,
}

await onEveryDatabase((newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  /** The records that a piece of work leaves. They are written when an answer is through. */
  async function recorded(count: number, work: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
    const from = service.log.length
    const records = () => service.log.slice(from).filter((line) => line.includes('audit.destination.changed'))
    await work()
    await service.logged(() => records().length >= count)
    assert.equal(records().length, count)
    for (const line of records()) assert.ok(!line.includes(secret), line)
    return records().map((line) => (JSON.parse(line) as unknown[]).find((part) => typeof part === 'object') as never)
  }

  test('every change is recorded with who, where, what and how it ended, and without values (DEST-054)', async () => {
    const body = { ...destination, Name: 'one' }
    const [created, repeated] = await recorded(2, async () => {
      for (let round = 0; round < 2; round += 1) await service.call('POST', '/subaccountDestinations', { body })
    })
    const expected = {
      subaccountId: provider.id,
      instanceId: 'instance-1',
      clientId: clients.first.clientId,
      user: '',
      operation: 'POST /destination-configuration/v1/subaccountDestinations',
      names: ['one'],
      status: 201,
    }
    assert.deepEqual([created, repeated], [expected, { ...expected, status: 409 }])
    const token = await service.token({ ...tenantClaims(subscriberA), user: 'jane' })
    const [bulk, label, removed] = await recorded(3, async () => {
      const bodies = [{ ...destination, Name: 'a' }, { ...destination, Name: 'b' }, secret, null]
      await service.call('POST', '/instanceDestinations', { token, body: bodies })
      await service.call('PUT', '/instanceDestinations/a/labels', { token, body: [{ key: 'k', values: [secret] }] })
      await service.call('DELETE', '/instanceDestinations/a', { token })
    })
    assert.deepEqual(
      [bulk?.names, bulk?.status, bulk?.user, bulk?.subaccountId],
      [['a', 'b'], 207, 'jane', subscriberA.id],
    )
    assert.deepEqual(
      [label?.names, label?.operation],
      [['a'], 'PUT /destination-configuration/v1/instanceDestinations/:name/labels'],
    )
    assert.deepEqual([removed?.names, removed?.status], [['a'], 200])
  })

  test('certificates, fragments, trust and refused attempts are recorded, reads are not (DEST-054)', async () => {
    const records = await recorded(4, async () => {
      await service.call('POST', '/subaccountCertificates', { body: { Name: 'c.pem', Content: secret } })
      await service.call('POST', '/subaccountDestinationFragments', { body: { FragmentName: 'f', Password: secret } })
      await service.call('POST', '/saml2Metadata/certificate')
      await service.call('DELETE', '/subaccountDestinations/one', { token: null })
      for (const path of ['/subaccountDestinations', '/destinations/one']) await service.call('GET', path)
    })
    assert.deepEqual(
      records.map(({ names, status }) => [names, status]),
      [
        [['c.pem'], 400],
        [['f'], 201],
        [[], 200],
        [['one'], 401],
      ],
    )
    assert.equal(records[3]?.clientId, undefined)
  })

  test('changes by the administration are recorded as well', async () => {
    const [imported] = await recorded(1, async () => {
      const answer = await fetch(`${service.app.url}/destination-administration/v1/subaccountDestinations/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await service.token()}`, 'content-type': 'text/plain' },
        body: `Name=imported\nType=HTTP\nURL=http://x.test\nPassword=${secret}`,
      })
      assert.equal(answer.status, 201, await answer.text())
    })
    assert.match(String(imported?.operation), /subaccountDestinations\/import$/)
  })
})
