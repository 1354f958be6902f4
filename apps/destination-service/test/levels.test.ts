import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import {
  clients,
  provider,
  startService,
  subscriberA,
  subscriberB,
  type TestService,
  tenantClaims,
} from './support/service.ts'

function destination(name: string, url = 'https://erp.example.test'): Record<string, string> {
  return { Name: name, Type: 'HTTP', URL: url, ProxyType: 'Internet', Authentication: 'NoAuthentication' }
}

const notFound = { ErrorMessage: 'Configuration with the specified name was not found' }

await onEveryDatabase((newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service?.close())

  test('find takes the instance level before the subaccount level, and says which (DEST-006, DEST-007, DEST-018, DEST-037, CONN-122, CONN-123, CONN-124, CONN-159, CONN-225, RC-052, RC-053, RC-081)', async () => {
    await service.call('POST', '/subaccountDestinations', { body: destination('both', 'https://subaccount.test') })
    const outer = await service.call('GET', '/destinations/both')
    assert.equal(outer.status, 200)
    assert.deepEqual(outer.body, {
      owner: { SubaccountId: provider.id, InstanceId: null },
      destinationConfiguration: destination('both', 'https://subaccount.test'),
    })
    const created = await service.call('POST', '/instanceDestinations', {
      body: destination('both', 'https://instance.test'),
    })
    assert.equal(created.status, 201)
    assert.deepEqual((await service.call('GET', '/destinations/both')).body, {
      owner: { SubaccountId: provider.id, InstanceId: 'instance-1' },
      destinationConfiguration: destination('both', 'https://instance.test'),
    })
  })

  test('an instance-level destination is invisible to other instances, a subaccount-level one is not (CONN-227, CONN-228, CONN-157)', async () => {
    await service.call('POST', '/instanceDestinations', { body: destination('private') })
    await service.call('POST', '/subaccountDestinations', { body: destination('shared') })
    const token = await service.token({ clientId: clients.second.clientId })
    assert.deepEqual((await service.call('GET', '/destinations/private', { token })).body, notFound)
    assert.equal((await service.call('GET', '/instanceDestinations/private', { token })).status, 404)
    assert.equal((await service.call('GET', '/destinations/shared', { token })).status, 200)
  })

  test("the tenant of the token decides: subscription level, then the subscriber's subaccount, never another tenant (DEST-005, DEST-008, DEST-009, DEST-010, CONN-223, CONN-224, CONN-226, CONN-229, CONN-230, CONN-231, CONN-234, RC-073)", async () => {
    const tokenA = await service.token(tenantClaims(subscriberA))
    const tokenB = await service.token(tenantClaims(subscriberB))
    await service.call('POST', '/subaccountDestinations', { body: destination('tenant', 'https://provider.test') })
    assert.deepEqual((await service.call('GET', '/destinations/tenant', { token: tokenA })).body, notFound)
    await service.call('POST', '/subaccountDestinations', {
      token: tokenA,
      body: destination('tenant', 'https://a-subaccount.test'),
    })
    const found = await service.call('GET', '/destinations/tenant', { token: tokenA })
    assert.deepEqual(found.body, {
      owner: { SubaccountId: subscriberA.id, InstanceId: null },
      destinationConfiguration: destination('tenant', 'https://a-subaccount.test'),
    })
    const subscription = destination('tenant', 'https://a-subscription.test')
    await service.call('POST', '/instanceDestinations', { token: tokenA, body: subscription })
    assert.deepEqual((await service.call('GET', '/destinations/tenant', { token: tokenA })).body, {
      owner: { SubaccountId: subscriberA.id, InstanceId: 'instance-1' },
      destinationConfiguration: subscription,
    })
    assert.equal((await service.call('GET', '/destinations/tenant', { token: tokenB })).status, 404)
    assert.deepEqual((await service.call('GET', '/instanceDestinations', { token: tokenB })).body, [])
    assert.deepEqual((await service.call('GET', '/subaccountDestinations/tenant')).body, {
      ...destination('tenant', 'https://provider.test'),
    })
    assert.equal((await service.call('GET', '/instanceDestinations/tenant')).status, 404)
  })

  test('reads of one level are flat, complete and never fall back to another level (DEST-014, DEST-015, DEST-016, DEST-019, DEST-048, CONN-125, CONN-144, CONN-145, CONN-146, CONN-147, RC-056, RC-076)', async () => {
    const token = await service.token({ ...tenantClaims(subscriberB), clientId: clients.second.clientId })
    const empty = await service.call('GET', '/subaccountDestinations', { token })
    assert.deepEqual([empty.status, empty.text], [200, '[]'])
    const full = {
      ...destination('full'),
      Authentication: 'BasicAuthentication',
      User: 'u',
      Password: 'p',
      'URL.headers.X-Own': 'x',
      'sap.cloud.service': 'any value',
    }
    await service.call('POST', '/subaccountDestinations', { token, body: full })
    const one = await service.call('GET', '/subaccountDestinations/full', { token })
    assert.deepEqual(one.body, full)
    assert.deepEqual(Object.keys(one.body), Object.keys(full), 'in the order of writing')
    assert.match(one.headers.get('content-type') ?? '', /^application\/json/)
    assert.deepEqual((await service.call('GET', '/subaccountDestinations', { token })).body, [full])
    assert.equal((await service.call('GET', '/instanceDestinations/full', { token })).status, 404)
  })

  for (const path of ['/subaccountDestinations', '/instanceDestinations'])
    test(`${path}: create once, replace wholly, delete (DEST-036, DEST-037, DEST-041, DEST-042, DEST-044, DEST-047, CONN-156, CONN-158, CONN-160, CONN-162, RC-082, RC-083, RC-084)`, async () => {
      const token = await service.token({ clientId: clients.second.clientId })
      const call = (method: string, more = '', body?: unknown) =>
        service.call(method, path + more, body === undefined ? { token } : { token, body })
      const created = await call('POST', '', { ...destination('life'), extra: 'yes' })
      assert.deepEqual([created.status, created.text], [201, ''])
      const again = await call('POST', '', destination('life'))
      assert.deepEqual([again.status, again.body], [409, { ErrorMessage: 'Duplicate key' }])
      assert.deepEqual((await call('PUT', '', destination('life', 'http://new.test'))).body, { Count: 1 })
      assert.deepEqual((await call('GET', '/life')).body, destination('life', 'http://new.test'))
      const unknown = await call('PUT', '', destination('nobody'))
      assert.deepEqual([unknown.status, unknown.body], [404, notFound])
      assert.equal((await call('GET', '/nobody')).status, 404)
      const deleted = await call('DELETE', '/life')
      assert.deepEqual([deleted.status, deleted.body], [200, { Count: 1 }])
      const gone = await call('DELETE', '/life')
      assert.deepEqual([gone.status, gone.body], [404, notFound])
    })

  test('an array is written element by element; 207 when not all succeed (DEST-043, CONN-163, RC-082)', async () => {
    const path = '/subaccountDestinations'
    const all = await service.call('POST', path, { body: [destination('m1'), destination('m2')] })
    assert.equal(all.status, 201)
    const [m1, m2] = all.body as { name: string; status: number; etag: string }[]
    assert.deepEqual([m1?.name, m1?.status, m2?.name, m2?.status], ['m1', 201, 'm2', 201])
    assert.match(m1?.etag ?? '', /^[0-9a-f]{64}$/)
    const mixed = await service.call('POST', path, { body: [destination('m2'), destination('m3'), { Name: 'm4' }] })
    assert.equal(mixed.status, 207)
    const [second, third, fourth] = mixed.body as { name: string; status: number; cause?: string; etag?: string }[]
    assert.deepEqual(second, { name: 'm2', status: 409, cause: 'Duplicate key' })
    assert.deepEqual([third?.name, third?.status, typeof third?.etag], ['m3', 201, 'string'])
    assert.deepEqual([fourth?.name, fourth?.status], ['m4', 400])
    const put = await service.call('PUT', path, { body: [destination('m1'), destination('m9')] })
    assert.equal(put.status, 207)
    assert.deepEqual((put.body as unknown[])[1], { name: 'm9', status: 404, cause: notFound.ErrorMessage })
    assert.equal((await service.call('PUT', path, { body: [destination('m1')] })).status, 200)
  })

  test('a destination that provides an assertion for another cannot be deleted (DEST-046, CONN-165)', async () => {
    const consumer = { ...destination('consumer'), 'clientAssertion.destinationName': 'assertion-provider' }
    await service.call('POST', '/subaccountDestinations', { body: [destination('assertion-provider'), consumer] })
    const refused = await service.call('DELETE', '/subaccountDestinations/assertion-provider')
    assert.deepEqual(
      [refused.status, refused.body],
      [
        400,
        {
          ErrorMessage:
            "Cannot perform operation on the destination 'assertion-provider' because it is used as an assertion provider for destination 'consumer'",
        },
      ],
    )
    assert.equal((await service.call('DELETE', '/subaccountDestinations/consumer')).status, 200)
    assert.equal((await service.call('DELETE', '/subaccountDestinations/assertion-provider')).status, 200)
  })

  test('of two simultaneous creations of one name exactly one succeeds (DEST-037)', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => service.call('POST', '/instanceDestinations', { body: destination('race') })),
    )
    assert.deepEqual(
      replies.map((reply) => reply.status).sort((a, b) => a - b),
      [201, 409, 409, 409, 409, 409, 409, 409],
    )
  })
})
