import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { startService, type TestService } from './support/service.ts'

const destination = { Type: 'HTTP', URL: 'http://x.test' }
const pem = { Content: Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64') }
const trust = '/saml2Metadata/certificate'

await onEveryDatabase((newUrl) => {
  let service: TestService
  let next = 0
  before(async () => {
    service = await startService(await newUrl(), { config: { userRoles: 'enforce' } })
    await service.call('POST', '/subaccountDestinations', { body: { ...destination, Name: 'there' } })
    await service.call('POST', trust)
  })
  after(() => service.close())

  const tokenOf = (...roles: readonly string[]) =>
    service.token({ user: 'jane', more: { 'xs.system.attributes': { 'xs.rolecollections': roles } } })

  /** What a user with these roles is allowed, as letters: r read, w write; of each level and kind. */
  async function rights(...roles: readonly string[]): Promise<Record<string, string>> {
    const token = await tokenOf(...roles)
    const allowed = async (method: string, path: string, body?: object) => {
      const reply = await service.call(method, path, { token, ...(body === undefined ? {} : { body }) })
      if (reply.status === 403) assert.match(reply.text, /one of these roles is needed: /)
      return reply.status !== 403
    }
    const result: Record<string, string> = {}
    for (const level of ['subaccount', 'instance']) {
      const Name = `n${++next}`
      for (const [kind, body] of [
        ['Destinations', { ...destination, Name }],
        ['DestinationFragments', { FragmentName: Name }],
        // Not valid, so that nothing is kept: the refusal for the content comes after that for the role.
        ['Certificates', { ...pem, Name: `${Name}.pem` }],
      ] as const) {
        const path = `/${level}${kind}`
        const read = [await allowed('GET', path), await allowed('GET', `${path}/${Name}`)]
        const changes = [
          await allowed('POST', path, body),
          await allowed('PUT', path, body),
          await allowed('DELETE', `${path}/${Name}`),
        ]
        for (const answers of [read, changes]) assert.equal(new Set(answers).size, 1, `${path} ${roles}`)
        result[level + kind] = `${read[0] ? 'r' : ''}${changes[0] ? 'w' : ''}`
      }
    }
    const read = await allowed('GET', trust)
    result.trust = `${read ? 'r' : ''}${(await allowed('POST', `${trust}/passive`)) ? 'w' : ''}`
    return result
  }

  const nothing = {
    subaccountDestinations: '',
    subaccountDestinationFragments: '',
    subaccountCertificates: '',
    instanceDestinations: '',
    instanceDestinationFragments: '',
    instanceCertificates: '',
    trust: '',
  }
  const configurations = (access: string) => ({
    subaccountDestinations: access,
    subaccountDestinationFragments: access,
  })
  const onInstance = (access: string) => ({ instanceDestinations: access, instanceDestinationFragments: access })

  test('a user without a destination role may administrate nothing', async () => {
    assert.deepEqual(await rights(), nothing)
    assert.deepEqual(await rights('Space Developer', 'Subaccount Administrator'), nothing)
  })

  test('a Destination Configuration Viewer lists destinations, writes none and sees no certificates (DEST-232)', async () => {
    assert.deepEqual(await rights('Destination Configuration Viewer'), { ...nothing, ...configurations('r') })
  })

  test('a Destination Certificate Administrator manages certificates and no destinations (DEST-233)', async () => {
    assert.deepEqual(await rights('Destination Certificate Administrator'), {
      ...nothing,
      subaccountCertificates: 'rw',
    })
    assert.deepEqual(await rights('Destination Certificate Viewer'), { ...nothing, subaccountCertificates: 'r' })
  })

  test('only administrators of destinations or of the trust renew it; viewers download it (DEST-234)', async () => {
    assert.deepEqual(await rights('Destination Subaccount Trust Administrator'), { ...nothing, trust: 'rw' })
    assert.deepEqual(await rights('Destination Subaccount Trust Viewer'), { ...nothing, trust: 'r' })
    for (const [role, access] of [
      ['Destination Viewer', 'r'],
      ['Destination Administrator', 'rw'],
    ] as const)
      assert.deepEqual(await rights(role), {
        ...nothing,
        ...configurations(access),
        subaccountCertificates: access,
        trust: access,
      })
  })

  test('on instance level a role of the organisation or space is needed as well; an auditor reads (DEST-235, CONN-272, CONN-273)', async () => {
    for (const member of ['Org Manager', 'Space Manager', 'Space Developer']) {
      assert.deepEqual(await rights('Destination Administrator Instance', member), {
        ...nothing,
        ...onInstance('rw'),
        instanceCertificates: 'rw',
      })
      assert.deepEqual(await rights('Destination Configuration Instance Administrator', member), {
        ...nothing,
        ...onInstance('rw'),
      })
      assert.deepEqual(await rights('Destination Certificate Instance Viewer', member), {
        ...nothing,
        instanceCertificates: 'r',
      })
    }
    const auditor = await rights('Destination Administrator', 'Space Auditor')
    assert.deepEqual(auditor, {
      ...configurations('rw'),
      subaccountCertificates: 'rw',
      ...onInstance('r'),
      instanceCertificates: 'r',
      trust: 'rw',
    })
    assert.deepEqual(await rights('Destination Administrator Instance'), nothing)
  })

  test('a token without a user may do everything, and finding needs no role (CONN-275)', async () => {
    for (const path of ['/subaccountDestinations', '/instanceDestinations'])
      assert.equal((await service.call('POST', path, { body: { ...destination, Name: 'app' } })).status, 201)
    const token = await tokenOf()
    assert.equal((await service.call('GET', '/destinations/app', { token })).status, 200)
    assert.equal((await service.call('GET', '/v2/destinations/app', { token })).status, 200)
  })

  test('another spelling of the path opens nothing, and claims that are no list of names give no role', async () => {
    const token = await tokenOf('Destination Certificate Viewer')
    for (const path of [
      '/%73ubaccountDestinations',
      '/subaccountDestinations?x=/check',
      '/subaccountDestinations/there',
    ])
      assert.equal((await service.call('GET', path, { token })).status, 403, path)
    for (const claim of ['Destination Viewer', { 'xs.rolecollections': 'Destination Viewer' }, null, [1]]) {
      const odd = await service.token({ user: 'jane', more: { 'xs.system.attributes': claim } })
      assert.equal((await service.call('GET', '/subaccountDestinations', { token: odd })).status, 403)
    }
  })

  test('the administration asks for the same roles, and an export holds a key store only for those who may read certificates (DEST-232)', async () => {
    const keyStore = { KeyStoreLocation: 'own.p12', Authentication: 'ClientCertificateAuthentication' }
    await service.certificates.put('own.p12', Buffer.from('store'))
    await service.call('POST', '/subaccountDestinations', { body: { ...destination, ...keyStore, Name: 'mutual' } })
    const administer = async (method: string, path: string, ...roles: readonly string[]) => {
      const answer = await fetch(`${service.app.url}/destination-administration/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${await tokenOf(...roles)}`, 'content-type': 'text/plain' },
        ...(method === 'GET' ? {} : { body: 'Name=x' }),
      })
      await answer.arrayBuffer()
      return [answer.status, answer.headers.get('content-type')?.split(';')[0]]
    }
    const viewer = 'Destination Configuration Viewer'
    const path = '/subaccountDestinations/mutual/export'
    assert.deepEqual((await administer('GET', path))[0], 403)
    assert.deepEqual(await administer('GET', path, viewer), [200, 'text/plain'])
    assert.deepEqual(await administer('GET', path, 'Destination Viewer'), [200, 'application/zip'])
    assert.equal((await administer('POST', '/subaccountDestinations/import', viewer))[0], 403)
    assert.equal((await administer('POST', '/subaccountDestinations/import', 'Destination Administrator'))[0], 400)
    assert.equal((await administer('GET', '/templates'))[0], 200)
  })

  test('roles are not asked for unless the configuration says so, and the composition says which roles a user has (CONN-275)', async () => {
    const free = await startService(await newUrl())
    const mapped = await startService(await newUrl(), {
      config: { userRoles: 'enforce' },
      rolesOf: async () => new Set(['Destination Viewer']),
    })
    try {
      const body = { ...destination, Name: 'by-user' }
      const user = { user: 'jane' }
      const token = await free.token(user)
      assert.equal((await free.call('POST', '/subaccountDestinations', { token, body })).status, 201)
      const viewer = await mapped.token(user)
      assert.equal((await mapped.call('GET', '/subaccountDestinations', { token: viewer })).status, 200)
      assert.equal((await mapped.call('POST', '/subaccountDestinations', { token: viewer, body })).status, 403)
    } finally {
      await free.close()
      await mapped.close()
    }
  })
})
