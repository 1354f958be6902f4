import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { clients, startService, type TestService } from './support/service.ts'

await onEveryDatabase(async (newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  const path = '/subaccountDestinations'
  const destination = (Name: string) => ({ Name, Type: 'HTTP', URL: 'http://x.test' })

  /** An instance of its own for each test, so that lists hold what the test wrote only. */
  async function fresh(...names: string[]) {
    const own = await startService(await newUrl())
    if (names.length > 0) await own.call('POST', path, { body: names.map(destination) })
    return own
  }

  function query(parameters: Readonly<Record<string, string | number>>): string {
    return `?${Object.entries(parameters)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&')}`
  }

  async function names(from: TestService, parameters: Readonly<Record<string, string | number>>, collection = path) {
    const reply = await from.call('GET', collection + query(parameters))
    assert.equal(reply.status, 200, reply.text)
    return (reply.body as { Name: string; FragmentName: string }[]).map((entry) => entry.Name ?? entry.FragmentName)
  }

  async function refusal(from: TestService, parameters: Readonly<Record<string, string | number>>, collection = path) {
    const reply = await from.call('GET', collection + query(parameters))
    assert.equal(reply.status, 400, JSON.stringify(parameters))
    return (reply.body as { ErrorMessage: string }).ErrorMessage
  }

  test('pages are slices in the order of names: ten by default, sizes and numbers out of range are refused (DEST-057, RC-092, CONN-167, CONN-168)', async () => {
    const all = Array.from({ length: 23 }, (_, index) => `d${String(index).padStart(2, '0')}`)
    const own = await fresh(...all.toReversed())
    assert.deepEqual(await names(own, { $page: 1 }), all.slice(0, 10))
    assert.deepEqual(await names(own, { $page: 3 }), all.slice(20))
    assert.deepEqual(await names(own, { $page: 2, $pageSize: 7 }), all.slice(7, 14))
    assert.deepEqual(await names(own, { $page: 1, $pageSize: 1000 }), all)
    assert.deepEqual(await names(own, { $page: 9 }), [])
    for (const wrong of [{ $pageSize: 0 }, { $pageSize: 1001 }, { $pageSize: 'x' }, { $page: 0 }, { $page: 'text' }]) {
      const [parameter] = Object.keys(wrong)
      const message = await refusal(own, { $page: 1, ...wrong })
      assert.ok(message.includes(parameter!) && message.includes('whole number'), message)
    }
    for (const parameter of ['$pageSize', '$pageCount', '$entityCount'])
      assert.match(await refusal(own, { [parameter]: 1 }), /needs \$page/)
    await own.close()
  })

  test('counts are sent in headers when they are asked for, and not otherwise (DEST-058)', async () => {
    const own = await fresh('a', 'b', 'c')
    const headers = async (parameters: Record<string, string | number>) =>
      (await own.call('GET', path + query(parameters))).headers
    const both = await headers({ $page: 1, $pageSize: 2, $pageCount: 'true', $entityCount: 'true' })
    assert.deepEqual([both.get('page-count'), both.get('entity-count')], ['2', '3'])
    const none = await headers({ $page: 1, $pageSize: 2, $pageCount: 'false' })
    assert.deepEqual([none.get('page-count'), none.get('entity-count')], [null, null])
    assert.match(await refusal(own, { $page: 1, $pageCount: 'yes' }), /true or false/)
    await own.close()
  })

  test('links lead to the previous and the next page where there is one (DEST-059)', async () => {
    const own = await fresh('a', 'b', 'c', 'd', 'e')
    const link = async ($page: number, size = 2) =>
      (await own.call('GET', path + query({ $page, $pageSize: size }))).headers.get('link')
    const to = (page: number, rel: string) => `</subaccountDestinations?$page=${page}&$pageSize=2>; rel='${rel}'`
    assert.equal(await link(1), to(2, 'next'))
    assert.equal(await link(2), `${to(1, 'previous')}, ${to(3, 'next')}`)
    assert.equal(await link(3), to(2, 'previous'))
    assert.equal(await link(1, 5), null)
    await own.close()
  })

  test('$select=Name returns names only, and nothing else can be selected (DEST-060, RC-091, CONN-169)', async () => {
    const own = await fresh('b', 'a')
    assert.deepEqual((await own.call('GET', path + query({ $select: 'Name' }))).body, [{ Name: 'a' }, { Name: 'b' }])
    for (const value of ['name', 'URL', 'Name,URL', ''])
      assert.match(await refusal(own, { $select: value }), /\$select: must be Name/)
    await own.close()
  })

  test('an in-list finds exactly the named ones that exist; names are encoded inside the quotes (DEST-061, RC-088, CONN-170)', async () => {
    const own = await fresh('a', 'b', 'c')
    assert.deepEqual(await names(own, { $filter: "Name in ('c', 'a','nobody')" }), ['a', 'c'])
    assert.deepEqual(await names(own, { $filter: "Name in ('%61')" }), ['a'])
    assert.deepEqual(await names(own, { $filter: "Name in ('our-team%27s-app')" }), [])
    // A form-encoded blank, as curl writes it.
    const plus = await own.call('GET', `${path}?$filter=Name+in+%28%27a%27%2C+%27b%27%29`)
    assert.equal((plus.body as unknown[]).length, 2)
    for (const wrong of [
      'Name in ()',
      "Name in ('a'",
      'Name in (a)',
      "URL in ('a')",
      "Name in ('a' 'b')",
      "Name in ('%zz')",
      'x',
      '',
    ])
      assert.match(await refusal(own, { $filter: wrong }), /\$filter/, wrong)
    await own.close()
  })

  test('certificates whose names need encoding are found and deleted by their double-encoded names (DEST-061, RC-088)', async () => {
    const own = await fresh()
    const collection = '/instanceCertificates'
    const strange = ["our team's app.pem", 'workflow (new).pem', 'a,b.pem', "100%'.pem"]
    const body = strange.map((Name) => ({ Name, Attributes: {} }))
    assert.equal((await own.call('POST', collection, { body })).status, 201)
    const list = strange.slice(1).map((name) => `'${encodeURIComponent(name).replaceAll("'", '%27')}'`)
    const $filter = `Name in (${list.join(', ')})`
    assert.deepEqual((await names(own, { $filter }, collection)).sort(), strange.slice(1).sort())
    const deleted = await own.call('DELETE', collection + query({ $filter }))
    assert.equal((deleted.body as { Count: number }).Count, 3)
    assert.deepEqual(await names(own, {}, collection), strange.slice(0, 1))
    await own.close()
  })

  test('names are found by their beginning and end, with or without a blank after the comma (DEST-062, RC-089)', async () => {
    const own = await fresh('SAP_one', 'SAP_two', 'other_one', 'percent-41')
    assert.deepEqual(await names(own, { $filter: "startswith(Name, 'SAP_')" }), ['SAP_one', 'SAP_two'])
    assert.deepEqual(await names(own, { $filter: "startswith(Name,'SAP_')" }), ['SAP_one', 'SAP_two'])
    assert.deepEqual(await names(own, { $filter: "endswith(Name, '_one')" }), ['SAP_one', 'other_one'])
    assert.deepEqual(await names(own, { $filter: "startswith(Name, 'John''s')" }), [])
    assert.deepEqual(await names(own, { $filter: "startswith(Name, '%53AP')" }), [], 'nothing but quotes is escaped')
    assert.match(await refusal(own, { $filter: "startswith(Name, 'a'b')" }), /\$filter/)
    assert.match(await refusal(own, { $filter: "startswith(URL, 'a')" }), /\$filter/)
    assert.match(
      await refusal(own, { $filter: "startswith(Name, 'a')" }, '/subaccountCertificates'),
      /does not support/,
    )
    await own.close()
  })

  test('only what was written within the last minutes is found by modifiedwithin (DEST-063, RC-090)', async () => {
    const own = await fresh('old', 'changed')
    own.clock.advance(31 * 60_000)
    await own.call('PUT', path, { body: destination('changed') })
    await own.call('POST', path, { body: destination('new') })
    assert.deepEqual(await names(own, { $filter: "modifiedwithin('30', 'minutes')" }), ['changed', 'new'])
    assert.equal((await names(own, { $filter: "modifiedwithin('1440','minutes')" })).length, 3)
    for (const wrong of [
      "'0', 'minutes'",
      "'1441', 'minutes'",
      "'1.5', 'minutes'",
      "'-1', 'minutes'",
      "'5', 'hours'",
      '5, minutes',
    ])
      assert.match(await refusal(own, { $filter: `modifiedwithin(${wrong})` }), /\$filter/, wrong)
    await own.close()
  })

  test('two list modes at once are refused (DEST-064, RC-093, CONN-169)', async () => {
    const modes = { $page: '1', $filter: "Name in ('a')", $select: 'Name' }
    for (const omitted of Object.keys(modes)) {
      const two = Object.fromEntries(Object.entries(modes).filter(([name]) => name !== omitted))
      assert.match(await refusal(service, two), /cannot be combined/)
      assert.match(await refusal(service, two, '/subaccountCertificates'), /cannot be combined/)
    }
    for (const mode of [{ $page: 1 }, { $select: 'Name' }])
      assert.match(
        await refusal(service, { ...mode, $includeMetadata: 'etag' }),
        /\$includeMetadata: cannot be combined/,
      )
    const twice = await service.call('GET', `${path}?$page=1&$page=2`)
    assert.equal(twice.status, 400)
  })

  test('metadata that is asked for comes with each destination (DEST-065, RC-094)', async () => {
    const own = await fresh('a')
    const etag = (await own.call('GET', `${path}/a`)).headers.get('etag')
    const list = async ($includeMetadata: string) =>
      (await own.call('GET', path + query({ $includeMetadata }))).body as { $metadata: object }[]
    const [both] = await list('modification_time;etag')
    assert.deepEqual(both?.$metadata, { modification_time: new Date(own.clock.now()).toISOString(), etag })
    assert.deepEqual((await list('etag'))[0]?.$metadata, { etag })
    const filtered = await own.call('GET', path + query({ $includeMetadata: 'etag', $filter: "Name in ('a')" }))
    assert.deepEqual((filtered.body as { $metadata: object }[])[0]?.$metadata, { etag })
    assert.match(await refusal(own, { $includeMetadata: 'owner' }), /\$includeMetadata/)
    const sent = { ...destination('b'), $metadata: { etag } }
    assert.equal((await own.call('POST', path, { body: sent })).status, 201)
    assert.deepEqual((await own.call('GET', `${path}/b`)).body, destination('b'), 'metadata is never stored')
    await own.close()
  })

  test('a list of one level shows nothing of another level or instance, in every mode (RC-109, RC-110)', async () => {
    const own = await fresh('mine')
    await own.call('POST', '/instanceDestinations', { body: destination('inner') })
    const token = await own.token({ clientId: clients.second.clientId })
    assert.deepEqual(await names(own, { $select: 'Name' }), ['mine'])
    assert.deepEqual(await names(own, { $page: 1 }, '/instanceDestinations'), ['inner'])
    assert.deepEqual((await own.call('GET', '/instanceDestinations?$select=Name', { token })).body, [])
    const reply = await own.call('GET', `/instanceDestinations${query({ $filter: "Name in ('inner')" })}`, { token })
    assert.deepEqual(reply.body, [])
    await own.close()
  })

  for (const family of ['/subaccountDestinations', '/instanceDestinations'])
    test(`${family}: the listed ones are deleted at once, with a word on each (DEST-045, RC-085, RC-086, CONN-164)`, async () => {
      await service.call('POST', family, { body: ['a', 'b', 'c'].map(destination) })
      const reply = await service.call('DELETE', family + query({ $filter: "Name in ('a', 'nobody', 'b', 'a')" }))
      assert.deepEqual(
        [reply.status, reply.body],
        [
          200,
          {
            Count: 2,
            Summary: [
              { name: 'a', status: 'DELETED' },
              { name: 'nobody', status: 'NOT_FOUND', reason: 'Could not find configuration' },
              { name: 'b', status: 'DELETED' },
            ],
          },
        ],
      )
      for (const wrong of ['', '?$filter=', "?$filter=startswith(Name, '')", "?$filter=Name in ('c')&$page=1"]) {
        const refused = await service.call('DELETE', family + wrong)
        assert.equal(refused.status, 400, wrong)
      }
      assert.deepEqual((await service.call('GET', `${family}?$select=Name`)).body, [{ Name: 'c' }])
    })

  test('a bulk deletion removes nothing when it would leave a consumer without its assertion provider (DEST-046, RC-087, CONN-165)', async () => {
    const own = await fresh('provider', 'other')
    const consumer = { ...destination('consumer'), 'clientAssertion.destinationName': 'provider' }
    await own.call('POST', path, { body: consumer })
    const refused = await own.call('DELETE', path + query({ $filter: "Name in ('provider', 'other')" }))
    assert.deepEqual(
      [refused.status, refused.body],
      [400, { ErrorMessage: 'Unable to remove Configurations "[provider]".' }],
    )
    assert.equal((await names(own, {})).length, 3)
    const both = await own.call('DELETE', path + query({ $filter: "Name in ('provider', 'consumer')" }))
    assert.equal((both.body as { Count: number }).Count, 2)
    await own.close()
  })

  test('labels are set, patched, read and filtered on destinations, fragments and certificates (DEST-242, RC-099, RC-100)', async () => {
    const own = await fresh('a', 'b')
    for (const FragmentName of ['a', 'b'])
      await own.call('POST', '/subaccountDestinationFragments', { body: { FragmentName } })
    for (const Name of ['a', 'b']) await own.call('POST', '/subaccountCertificates', { body: { Name, Attributes: {} } })
    for (const collection of [path, '/subaccountDestinationFragments', '/subaccountCertificates']) {
      const call = (method: string, body?: unknown, name = 'a') =>
        own.call(method, `${collection}/${name}/labels`, body === undefined ? {} : { body })
      assert.deepEqual((await call('GET')).body, [])
      const set = [{ key: 'env', values: ['prod', 'eu'] }]
      assert.deepEqual((await call('PUT', set)).body, set)
      await call('PATCH', {
        action: 'ADD',
        labels: [
          { key: 'env', values: ['qa', 'eu'] },
          { key: 'team', values: ["o'x"] },
        ],
      })
      await call('PATCH', { action: 'DELETE', labels: [{ key: 'env', values: ['prod'] }] })
      assert.deepEqual((await call('GET')).body, [
        { key: 'env', values: ['eu', 'qa'] },
        { key: 'team', values: ["o'x"] },
      ])
      await call('PUT', [{ key: 'env', values: ['prod'] }], 'b')
      assert.deepEqual(await names(own, { $filter: "Label['env'] HAS ('qa', 'x')" }, collection), ['a'])
      assert.deepEqual(await names(own, { $filter: "Label['env'] HAS ('qa','prod')" }, collection), ['a', 'b'])
      assert.deepEqual(
        await names(own, { $filter: "Label['env'] HAS ('eu') AND Label['team'] HAS ('o''x')" }, collection),
        ['a'],
      )
      assert.deepEqual(await names(own, { $filter: "Label['none'] HAS ('eu')" }, collection), [])
      for (const wrong of ["Label['env']", "Label['env'] HAS ()", "Label['env'] HAS ('a') OR Label['env'] HAS ('b')"])
        assert.match(await refusal(own, { $filter: wrong }, collection), /\$filter/)
      await call('PATCH', { action: 'DELETE', labels: [{ key: 'team', values: ["o'x"] }] })
      assert.deepEqual((await call('GET')).body, [{ key: 'env', values: ['eu', 'qa'] }], 'a label without values goes')
      for (const method of ['GET', 'PUT']) {
        const reply = await call(method, method === 'PUT' ? [] : undefined, 'nobody')
        assert.equal(reply.status, 404)
      }
    }
    await own.close()
  })

  test('more than ten labels or ten values, and malformed ones, are refused and change nothing (DEST-242)', async () => {
    const own = await fresh('a')
    const put = (body: unknown, method = 'PUT') => own.call(method, `${path}/a/labels`, { body })
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, values: ['v'] }))
    assert.equal((await put(many(10))).status, 200)
    const values = Array.from({ length: 11 }, (_, index) => String(index))
    const wrong = [
      many(11),
      [{ key: 'k', values }],
      [{ key: 'k', values: [] }],
      [{ key: '', values: ['v'] }],
      [{ key: 'k' }],
    ]
    for (const body of [...wrong, {}, [1], [{ key: 'k', values: [1] }], [...many(2), { key: 'k0', values: ['v'] }]])
      assert.equal((await put(body)).status, 400, JSON.stringify(body))
    for (const body of [{ action: 'ADD', labels: [{ key: 'new', values: ['v'] }] }, { action: 'SET', labels: [] }, []])
      assert.equal((await put(body, 'PATCH')).status, 400, JSON.stringify(body))
    assert.deepEqual((await own.call('GET', `${path}/a/labels`)).body, many(10))
    await own.close()
  })
})
