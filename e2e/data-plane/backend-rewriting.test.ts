import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataPlane, type DataPlaneOptions, mapping, startHttpsBackend, testAuthority } from '@landbridge/testkit'
import { linesNamed, send, sendCall, type WirePlane, withWireBackend } from './backend-calls.ts'

/** The head that the caller receives when the backend answers with this one. */
async function relayed(wire: WirePlane, status: string, ...lines: readonly string[]): Promise<string> {
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, { url: 'web:80/' })
  const system = await wire.backend.accept()
  await system.readHead()
  system.end(`${[`HTTP/1.1 ${status}`, ...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`)
  return client.readHead()
}

async function location(wire: WirePlane, value: string, status = '302 Found'): Promise<string> {
  const [line = '', ...others] = linesNamed(await relayed(wire, status, `Location: ${value}`), 'Location')
  assert.equal(others.length, 0)
  return line.slice('Location: '.length)
}

/** `web:80` leads to the backend; further mappings to names that nothing listens on. */
async function withMappings(options: DataPlaneOptions = {}): Promise<WirePlane> {
  const wire = await withWireBackend({}, options)
  wire.plane.connector.expose([
    mapping('web', wire.backend.port, { internalHost: 'localhost' }),
    mapping('Shop.Virtual', 8001, { virtualPort: '443', internalHost: 'Shop.Corp' }),
    mapping('shop.second', 8001, { virtualPort: '81', internalHost: 'shop.corp' }),
    mapping('std', 80, { virtualPort: '1080', internalHost: 'std.corp' }),
    mapping('sec', 443, { virtualPort: '1443', internalHost: 'std.corp', protocol: 'HTTPS' }),
    mapping('six', 8006, { internalHost: '2001:db8::1' }),
    mapping('gone.first', 9001, { internalHost: 'first.corp' }),
  ])
  return wire
}

test('a redirect to the internal address of a mapping gets its virtual host and port, without regard to case (SCC-219)', async () => {
  await using wire = await withMappings()
  const { port } = wire.backend
  const cases = [
    [`http://localhost:${port}/next?a=1#top`, 'http://web:80/next?a=1#top'],
    [`HTTP://LocalHost:${port}`, 'http://web:80'],
    [`http://localhost:${port}?q`, 'http://web:80?q'],
    [`//LOCALHOST:${port}/x`, 'http://web:80/x'],
    ['http://SHOP.corp:8001/A', 'http://Shop.Virtual:443/A'],
    ['http://std.corp/x', 'http://std:1080/x'],
    ['https://std.corp/x', 'http://sec:1443/x'],
    ['http://std.corp:443/x', 'http://sec:1443/x'],
    ['http://[2001:DB8::1]:8006/x', 'http://six:80/x'],
  ] as const
  for (const [sent, expected] of cases) assert.equal(await location(wire, sent), expected, sent)
  for (const status of ['301 Moved', '303 See Other', '307 Temporary', '308 Permanent', '300 Choices'])
    assert.equal(await location(wire, `http://localhost:${port}/`, status), 'http://web:80/', status)
})

test('of several mappings to one internal address the first decides (SCC-220)', async () => {
  await using wire = await withMappings()
  assert.equal(await location(wire, 'http://shop.corp:8001/'), 'http://Shop.Virtual:443/')
  wire.plane.connector.expose([
    mapping('web', wire.backend.port),
    mapping('shop.second', 8001, { virtualPort: '81', internalHost: 'shop.corp' }),
    mapping('shop.virtual', 8001, { virtualPort: '443', internalHost: 'shop.corp' }),
  ])
  assert.equal(await location(wire, 'http://shop.corp:8001/'), 'http://shop.second:81/')
})

test('a Location that leads to no mapping, or is no redirect, is left as it is (SCC-220)', async () => {
  await using wire = await withMappings()
  const { port } = wire.backend
  const values = [
    '/relative?x=http://localhost/',
    'next',
    '',
    `http://localhost:${port + 1}/`,
    `http://localhost.evil:${port}/`,
    `http://user@localhost:${port}/`,
    `http://localhost:${port}:1/`,
    `http://localhost:999999/`,
    'http://elsewhere.test/',
    `ftp://localhost:${port}/`,
    `http:/localhost:${port}/`,
    'https://localhost/',
    'http://',
    'mailto:a@localhost',
    `http://localhost\\@evil:${port}/`,
    `http://caf\xe9.corp/`,
  ]
  for (const value of values) assert.equal(await location(wire, value), value)
  assert.equal(await location(wire, `http://localhost:${port}/`, '201 Created'), `http://localhost:${port}/`)
  assert.equal(await location(wire, `http://localhost:${port}/`, '200 OK'), `http://localhost:${port}/`)
})

test('a redirect without a scheme is completed by the protocol of its own mapping (SCC-219)', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const backend = await startHttpsBackend(identity, (_request, response) => {
    response.writeHead(302, { Location: '//std.corp/x' }).end()
  })
  const mappings = [
    mapping('web', backend.port, { protocol: 'HTTPS' }),
    mapping('std', 80, { internalHost: 'std.corp' }),
    mapping('sec', 443, { virtualPort: '1443', internalHost: 'std.corp', protocol: 'HTTPS' }),
  ]
  const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }
  await using plane = await DataPlane.start({ connector: { mappings, trust } })
  plane.defer(() => backend.close())
  assert.equal((await send(plane, { url: 'web:80/' })).header('Location'), 'http://sec:1443/x')
})

test('a client that follows a rewritten redirect arrives where the backend meant (SCC-219)', async () => {
  await using wire = await withMappings()
  const first = await location(wire, `http://localhost:${wire.backend.port}/there?x=1`)
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, { url: first.replace('http://', '') })
  assert.match(await (await wire.backend.accept()).readHead(), /^GET \/there\?x=1 HTTP\/1\.1\r\nHost: web:80\r\n/)
})

test('cookie domains that are an internal host or a mapped internal domain become virtual, with their dot (SCC-221)', async () => {
  const domainMappings = [
    { virtualDomain: 'sales.cloud', internalDomain: 'intranet.corp' },
    { virtualDomain: 'other.cloud', internalDomain: 'Intranet.Corp' },
    { virtualDomain: 'mapped.cloud', internalDomain: 'first.corp' },
  ]
  await using wire = await withMappings({ connector: { domainMappings } })
  const cases = [
    ['a=1; domain=intranet.corp; path=/', 'a=1; domain=sales.cloud; path=/'],
    ['a=1; Domain=.intranet.corp', 'a=1; Domain=.sales.cloud'],
    ['a=1;DOMAIN = INTRANET.corp;Secure', 'a=1;DOMAIN = sales.cloud;Secure'],
    ['a=1; Domain=shop.corp', 'a=1; Domain=Shop.Virtual'],
    ['a=1; Domain=.SHOP.corp; HttpOnly', 'a=1; Domain=.Shop.Virtual; HttpOnly'],
    ['a=1; Domain=first.corp', 'a=1; Domain=mapped.cloud'],
    // Neither a part of a domain nor its parent is meant.
    ['a=1; Domain=www.intranet.corp', 'a=1; Domain=www.intranet.corp'],
    ['a=1; Domain=corp', 'a=1; Domain=corp'],
    ['a=1; Domain=xintranet.corp', 'a=1; Domain=xintranet.corp'],
    ['a=intranet.corp; Path=/domain=intranet.corp', 'a=intranet.corp; Path=/domain=intranet.corp'],
    ['domain=intranet.corp; Path=/', 'domain=intranet.corp; Path=/'],
    ['a=1; Domain=', 'a=1; Domain='],
    ['a=1', 'a=1'],
    ['', ''],
  ] as const
  const sent = cases.map(([cookie]) => `Set-Cookie: ${cookie}`)
  const head = await relayed(wire, '200 OK', 'X-A: 1', ...sent, 'X-B: 2')
  assert.deepEqual(
    linesNamed(head, 'Set-Cookie'),
    cases.map(([, expected]) => `Set-Cookie: ${expected}`),
  )
  assert.match(head, /\r\nX-A: 1\r\n/)
  assert.match(head, /\r\nX-B: 2\r\n/)
})

test('redirect and cookies of one answer are rewritten together, errors and all (SCC-219, SCC-221)', async () => {
  await using wire = await withMappings()
  const { port } = wire.backend
  const lines = [`location: http://localhost:${port}/`, 'set-cookie: a=1; domain=localhost', 'Set-Cookie: b=2']
  const head = await relayed(wire, '302 Found', ...lines)
  assert.deepEqual(linesNamed(head, 'Location'), ['Location: http://web:80/'])
  assert.deepEqual(linesNamed(head, 'Set-Cookie'), ['Set-Cookie: a=1; domain=web', 'Set-Cookie: b=2'])
  const failed = await relayed(wire, '500 Oops', 'Set-Cookie: a=1; Domain=localhost')
  assert.deepEqual(linesNamed(failed, 'Set-Cookie'), ['Set-Cookie: a=1; Domain=web'])
})

test('a domain mapping that is added counts from the next answer (SCC-221)', async () => {
  await using wire = await withMappings()
  const cookie = 'Set-Cookie: a=1; Domain=intranet.corp'
  assert.deepEqual(linesNamed(await relayed(wire, '200 OK', cookie), 'Set-Cookie'), [cookie])
  wire.plane.connector.context.domainMappings = [{ virtualDomain: 'sales.cloud', internalDomain: 'intranet.corp' }]
  assert.deepEqual(linesNamed(await relayed(wire, '200 OK', cookie), 'Set-Cookie'), [
    'Set-Cookie: a=1; Domain=sales.cloud',
  ])
})

test('names that are much longer outside than inside fit, in as many cookies as an answer may have (SCC-221)', async () => {
  const virtualDomain = `${'v'.repeat(60)}.${'w'.repeat(60)}.${'x'.repeat(60)}.${'y'.repeat(60)}.cloud`
  await using wire = await withMappings({ connector: { domainMappings: [{ virtualDomain, internalDomain: 'i' }] } })
  const cookies = Array.from({ length: 120 }, (_, index) => `Set-Cookie: c${index}=${'z'.repeat(20)}; Domain=i`)
  const head = await relayed(wire, '200 OK', ...cookies)
  assert.deepEqual(
    linesNamed(head, 'Set-Cookie'),
    cookies.map((line) => line.replace('Domain=i', `Domain=${virtualDomain}`)),
  )
})
