import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from './support/contract.ts'
import { onEveryDatabase } from './support/databases.ts'
import { clients, startService, subscriberA, tenantClaims } from './support/service.ts'

await onEveryDatabase(async (newUrl) => {
  test('a service instance beyond its requests per minute is answered 429 with Retry-After; others are not', async (t) => {
    const service = await startService(await newUrl(), { config: { requestsPerMinute: 3 } })
    t.after(() => service.close())
    const path = '/subaccountDestinations'
    for (let index = 0; index < 3; index++) {
      const reply = await service.call('GET', path)
      assert.equal(reply.status, 200)
      assert.equal(reply.headers.get('x-ratelimit-limit'), null)
    }
    const refused = await service.call('GET', '/v2/destinations/any')
    assert.equal(refused.status, 429)
    assert.match((refused.body as { ErrorMessage: string }).ErrorMessage, /^Too many requests/)
    const seconds = Number(refused.headers.get('retry-after'))
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds))
    const other = await service.token({ clientId: clients.second.clientId })
    assert.equal((await service.call('GET', path, { token: other })).status, 200)
    const subscriber = await service.token(tenantClaims(subscriberA))
    assert.equal((await service.call('GET', path, { token: subscriber })).status, 200)
  })

  test('URIs of more than 4000 characters are refused, of 4000 are not (DEST-017, RC-096)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const prefix = '/destination-configuration/v1/subaccountDestinations?$filter='
    const filter = (length: number) => {
      const start = `${prefix}Name%20in%20(%27`
      return `${start}${'a'.repeat(length - start.length - 4)}%27)`.slice('/destination-configuration/v1'.length)
    }
    assert.equal((await service.call('GET', filter(4_000))).status, 200)
    const refused = await service.call('GET', filter(4_001))
    assert.equal(refused.status, 414)
    assert.match((refused.body as { ErrorMessage: string }).ErrorMessage, /4000 characters/)
  })

  test('clearing the caches of the Identity Service is answered 200 without a body, for callers with a token (RC-104)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const done = await service.call('DELETE', '/maintenance/v1/caches/ias')
    assert.deepEqual([done.status, done.text], [200, ''])
    assert.equal((await service.call('DELETE', '/maintenance/v1/caches/ias', { token: null })).status, 401)
  })

  test('certificates of several megabytes are taken; beyond the limit of a request the answer is 413', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const post = (bytes: number) =>
      service.call('POST', '/subaccountCertificates', { body: { Name: 'a.pem', Content: 'A'.repeat(bytes) } })
    assert.equal((await post(4 * 1024 * 1024)).status, 400, 'too large for nothing, but no certificate')
    assert.equal((await post(17 * 1024 * 1024)).status, 413)
  })

  test('five creations at once all succeed and are all readable (RC-108)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const names = ['a', 'b', 'c', 'd', 'e']
    const replies = await Promise.all(
      names.map((Name) =>
        service.call('POST', '/instanceDestinations', { body: { Name, Type: 'HTTP', URL: 'http://x.test' } }),
      ),
    )
    assert.deepEqual(new Set(replies.map((reply) => reply.status)), new Set([201]))
    for (const name of names) assert.equal((await service.call('GET', `/instanceDestinations/${name}`)).status, 200)
  })

  test('whoever holds credentials of an instance manages destinations, fragments and certificates of both levels, with no user role (DEST-236)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    for (const level of ['subaccount', 'instance']) {
      const bodies = {
        [`/${level}Destinations`]: { Name: 'x', Type: 'HTTP', URL: 'http://x.test' },
        [`/${level}DestinationFragments`]: { FragmentName: 'x' },
        [`/${level}Certificates`]: { Name: 'x', Attributes: { CN: 'x' } },
      }
      for (const [path, body] of Object.entries(bodies)) {
        assert.equal((await service.call('POST', path, { body })).status, 201)
        assert.equal((await service.call('PUT', path, { body })).status, 200)
        assert.equal((await service.call('GET', `${path}/x`)).status, 200)
        assert.equal((await service.call('DELETE', `${path}/x`)).status, 200)
      }
    }
  })

  test('the service describes its own interface: every operation of the contract that it has, with parameters and answers', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const reply = await fetch(`${service.app.url}/api-docs`)
    assert.equal(reply.status, 200)
    const own = (await reply.json()) as {
      openapi: string
      paths: Record<string, Record<string, { parameters?: { name: string }[]; responses: object }>>
    }
    assert.match(own.openapi, /^3\./)
    for (const { method, path, parameters, answers } of operations) {
      const mine = `/destination-configuration${path.replace('{name}@{level}', '{name}').replace(/\{[^}]+\}/, '{name}')}`
      const operation = own.paths[mine]?.[method.toLowerCase()]
      assert.ok(operation, `${method} ${path}`)
      const names = (operation.parameters ?? []).map((parameter) => parameter.name.toLowerCase())
      for (const { name, in: place } of parameters)
        if (place !== 'path' && !name.includes('<')) assert.ok(names.includes(name.toLowerCase()), `${path} ${name}`)
      for (const status of Object.keys(answers).filter((code) => code < '400'))
        assert.ok(status in operation.responses, `${method} ${path} ${status}`)
    }
    // A browser gets the same as a page, which loads and runs nothing.
    const page = await fetch(`${service.app.url}/api-docs`, { headers: { accept: 'text/html,*/*;q=0.8' } })
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/)
    assert.deepEqual(
      [page.headers.get('content-type'), page.headers.get('vary')],
      ['text/html; charset=utf-8', 'accept'],
    )
    const html = await page.text()
    for (const [path, methods] of Object.entries(own.paths))
      for (const method of Object.keys(methods))
        assert.ok(html.includes(`<b>${method.toUpperCase()}</b> <code>${path}</code>`), `${method} ${path}`)
    assert.deepEqual(await (await fetch(`${service.app.url}/api-docs.json`)).json(), own)
  })
})
