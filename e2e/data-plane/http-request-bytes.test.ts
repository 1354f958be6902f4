import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapping } from '@landbridge/testkit'
import { get, httpSetup, okAnswer, requestBytes } from './http-setup.ts'

test('the backend receives method, path, query and headers byte for byte, without control and hop-by-hop headers (CONN-049, CONN-076, CONN-085, CP-056, CP-064, RC-111, RC-121, RC-122)', async () => {
  await using setup = await httpSetup()
  const user = await setup.plane.token({ userName: 'anna' })
  const client = await setup.plane.client()
  client.send(
    [
      'GET http://vhost:80/a%2fb/%41;x=1//c?q=%20+&q=%C3%A9&empty= HTTP/1.1',
      'Host: something-else',
      setup.auth,
      'X-Second: 2',
      'x-FIRST: 1',
      'X-Second: 3',
      `sap-connectivity-authentication: Bearer ${user}`,
      `SAP-Connectivity-Technical-Authentication: Bearer ${user}`,
      'SAP-Connectivity-SCC-Location_ID: ',
      'SAP-CP-Connectivity-Service-Token: service',
      'SAP-Connectivity-ConsumerAccount: acme',
      'SAP-Connectivity-Invented: 1',
      'Connection: keep-alive, X-Of-This-Hop',
      'X-Of-This-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'tenantid: t1',
      'x-correlationid: c1',
      'X-Forwarded-For: 10.0.0.1',
      'X-Forwarded-Proto: https',
      'sap-client: 001',
      'Cookie: a=1; b="2"',
      'Accept:   text/html;q=0.9  ',
      'X-Latin: gr\xfc\xdfe',
      'X-Empty:',
      '',
      '',
    ].join('\r\n'),
  )
  const system = await setup.backend.accept()
  const head = await system.readHead()
  assert.deepEqual(head.split('\r\n'), [
    'GET /a%2fb/%41;x=1//c?q=%20+&q=%C3%A9&empty= HTTP/1.1',
    'Host: vhost:80',
    'X-Second: 2',
    'x-FIRST: 1',
    'X-Second: 3',
    'tenantid: t1',
    'x-correlationid: c1',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Proto: https',
    'sap-client: 001',
    'Cookie: a=1; b="2"',
    'Accept:   text/html;q=0.9  ',
    'X-Latin: gr\xfc\xdfe',
    'X-Empty:',
    '',
    '',
  ])
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).body.toString(), 'ok')
})

test('Authorization reaches the backend unchanged, alone and beside a propagated user, which is logged once (CONN-074, CP-106)', async () => {
  await using setup = await httpSetup()
  const user = await setup.plane.token({ userName: 'anna' })
  const client = await setup.plane.client()
  let system: Awaited<ReturnType<typeof setup.backend.accept>> | undefined
  const userToo = [`SAP-Connectivity-Authentication: Bearer ${user}`]
  for (const more of [[], userToo, userToo]) {
    client.send(get('http://vhost/', setup.auth, 'Authorization: Basic dXNlcjpwYXNz', ...more))
    system ??= await setup.backend.accept()
    assert.equal(await system.readHead(), 'GET / HTTP/1.1\r\nHost: vhost\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n')
    system.send(okAnswer)
    assert.equal((await client.readAnswer()).status, 200)
  }
  const warnings = setup.plane.logged.filter((line) => line.includes('proxy.authorization-beside-user'))
  assert.deepEqual(warnings, ['warn proxy.authorization-beside-user {"subaccount":"acme","client":"sb-client"} '])
})

test('all methods pass, known and unknown, in their own case and with their bodies (CONN-081, CP-057, RC-112)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'get', 'Brew!']
  let system: Awaited<ReturnType<typeof setup.backend.accept>> | undefined
  for (const method of methods) {
    client.send(requestBytes(method, 'http://vhost/x', [setup.auth, 'Content-Length: 4'], 'body'))
    system ??= await setup.backend.accept()
    const expected = `${method} /x HTTP/1.1\r\nHost: vhost\r\nContent-Length: 4\r\n\r\nbody`
    assert.equal((await system.read(expected.length)).toString('latin1'), expected)
    system.send(method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : okAnswer)
    assert.equal((await client.readAnswer(method)).status, 200)
  }
  assert.equal(setup.backend.accepted, 1)
})

test('without a path the backend is asked for the root, and a query stays (CP-056)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  const cases = [
    ['http://vhost', '/'],
    ['http://vhost?a=b/c', '/?a=b/c'],
    ['HTTP://vhost:80/', '/'],
    ['http://vhost//double', '//double'],
  ]
  let system: Awaited<ReturnType<typeof setup.backend.accept>> | undefined
  for (const [target = '', path = ''] of cases) {
    client.send(get(target, setup.auth))
    system ??= await setup.backend.accept()
    assert.equal((await system.readHead()).split('\r\n')[0], `GET ${path} HTTP/1.1`)
    system.send(okAnswer)
    assert.equal((await client.readAnswer()).status, 200)
  }
})

test('a target without port means port 80, the host is compared without case and the port exactly (CP-072, CONN-079)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://VHost/', setup.auth))
  const system = await setup.backend.accept()
  assert.match(await system.readHead(), /^GET \/ HTTP\/1\.1\r\nHost: VHost\r\n/)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  client.send(get('http://vhost:8080/', setup.auth))
  const refused = await client.readAnswer()
  assert.equal(refused.status, 403)
  assert.match(refused.body.toString(), /^Access denied to system vhost:8080: /)
})

test('port 443 in an http:// address names the mapping of virtual port 443 and nothing about TLS (RC-115)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose([mapping('vhost', setup.backend.port, { virtualPort: '443' })])
  const client = await setup.plane.client()
  client.send(get('http://vhost:443/x', setup.auth))
  const system = await setup.backend.accept()
  assert.equal(await system.readHead(), 'GET /x HTTP/1.1\r\nHost: vhost:443\r\n\r\n')
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})

test('a request that comes byte by byte reaches the backend as one that comes at once', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  const sent = client.sendByteByByte(
    `${requestBytes('POST', 'http://vhost/p', [setup.auth, 'Transfer-Encoding: chunked'])}3;e=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n`,
  )
  const system = await setup.backend.accept()
  const expected =
    'POST /p HTTP/1.1\r\nHost: vhost\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n'
  assert.equal((await system.read(expected.length)).toString('latin1'), expected)
  await sent
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})

test('a virtual host that no DNS knows is reached, and one that DNS knows is not dialled (CONN-082, CP-058)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose([mapping('no-such-host.invalid', setup.backend.port)])
  const client = await setup.plane.client()
  client.send(get('http://no-such-host.invalid/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  client.send(get(`http://localhost:${setup.backend.port}/`, setup.auth))
  const refused = await client.readAnswer()
  assert.equal(refused.status, 403)
  assert.match(refused.body.toString(), /^Access denied to system localhost:/)
  assert.equal(setup.backend.accepted, 1)
})

test('an upgrade to anything but WebSocket is dropped and the request goes on as a plain one', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(
    get('http://vhost/', setup.auth, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMA'),
  )
  const system = await setup.backend.accept()
  assert.equal(await system.readHead(), 'GET / HTTP/1.1\r\nHost: vhost\r\n\r\n')
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})
