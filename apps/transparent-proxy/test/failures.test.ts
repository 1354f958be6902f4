import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { createLog, ManualClock } from '@landbridge/kernel'
import { answerFailure } from '../src/http/answer-failure.ts'
import { startScene } from './scene.ts'
import { leadsTo, startPlatform, startProxy, startRecorder } from './stand-in.ts'

const { platform, proxy, call } = await startScene({
  destinations: [{ name: 'gone', namespace: 'shop', destinationRef: { name: 'NO-SUCH' } }],
})

test('a destination that is not there is a bad gateway, with the words of the original (TP-023)', async () => {
  const { status, headers } = await proxy.call('gone.shop', '/', { headers: ['X-Request-Id', 'r-1'] })
  assert.equal(status, 502)
  assert.equal(
    headers['x-error-message'],
    "Destination 'NO-SUCH' referred in Destination CR 'gone.shop' is not found in tenant 'own'. Inspect the Destination CR or contact the Destination Administrator.",
  )
  const names = ['x-error-origin', 'x-internal-error-code', 'x-request-id', 'x-proxy-server']
  assert.deepEqual(
    names.map((name) => headers[name]),
    ['Destination Service', '404', 'r-1', 'Transparent Proxy'],
  )
})

test('a URL that is none is answered with 404', async () => {
  for (const URL of ['', 'erp', 'https:/myapp.com', 'tcp://erp:80', 'http://']) {
    const { status, headers } = await call(leadsTo(URL))
    assert.equal(status, 404, URL)
    assert.match(String(headers['x-error-message']), /Make sure the URL configured in the destination is valid/)
  }
})

test('a destination that cannot be served is an invalid configuration, and the header says why (TP-047)', async () => {
  const url = 'http://127.0.0.1:9'
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ Type: 'RFC' }, /its type is RFC/],
    [{ ProxyType: 'PrivateLink' }, /its proxy type is PrivateLink/],
    [{ ProxyType: 'OnPremise', URL: 'https://erp' }, /starts with http:\/\//],
    [{ 'URL.connectionTimeoutInSeconds': '301' }, /URL.connectionTimeoutInSeconds must be a number from 1 to 300/],
    [{ 'URL.socketReadTimeoutInSeconds': '0' }, /URL.socketReadTimeoutInSeconds must be a number from 1 to 43200/],
    [{ 'KeyStore.Source': 'ClientProvided' }, /ClientProvided is not supported/],
    [{ KeyStoreLocation: 'cert.jks' }, /KeyStoreLocation must name a file of type \.p12, \.pfx/],
    [
      { Authentication: 'ClientCertificateAuthentication', KeyStoreLocation: 'a.p12', URL: 'https://127.0.0.1:9' },
      /did not deliver it/,
    ],
    [{ 'URL.headers.x': 'a\r\nb: c' }, /characters that are not allowed/],
  ]
  for (const [more, reason] of cases) {
    const { status, headers, body } = await call(leadsTo(url, more))
    assert.equal(status, 500, JSON.stringify(more))
    assert.equal(body, 'Invalid destination configuration. Contact the destination administrator.')
    assert.match(String(headers['x-error-message']), reason)
  }
})

test('a refused binding is an invalid configuration; services that are out are a bad gateway (TP-088)', async () => {
  await using other = await startPlatform()
  await using started = await startProxy(other, { destinations: [{ name: 'erp', destinationRef: { name: 'erp' } }] })
  other.refuseTokens(true)
  const refused = await started.call('erp', '/')
  assert.deepEqual(
    [refused.status, refused.headers['x-error-origin'], refused.headers['x-internal-error-code']],
    [500, 'XSUAA', '401'],
  )
  assert.equal(refused.body, 'Invalid destination configuration. Contact the destination administrator.')
  other.refuseTokens(false)
  other.destinations.set('erp', { status: 500 })
  const out = await started.call('erp', '/')
  assert.deepEqual([out.status, out.headers['x-error-origin']], [502, 'XSUAA/Destination Service'])
  other.destinations.set('erp', { status: 400 })
  const bad = await started.call('erp', '/')
  assert.deepEqual([bad.status, bad.headers['x-internal-error-code']], [400, '400'])
})

test('a target that refuses connections is a bad gateway; on-premise ones need a connectivity proxy', async () => {
  const { status, headers } = await call(leadsTo('http://127.0.0.1:1'))
  assert.equal(status, 502)
  assert.match(String(headers['x-error-message']), /^Failed to establish connection to the target .*ECONNREFUSED/)
  const missing = await call(leadsTo('http://erp.virtual', { ProxyType: 'OnPremise' }))
  assert.deepEqual(
    [missing.status, missing.body.slice(0, 52)],
    [502, 'The transparent proxy knows no connectivity proxy. O'],
  )
})

test('a target that is silent is given up after the time of its destination, or after 30 seconds; time of the destination service does not count (TP-045, TP-046, TP-048)', async () => {
  const asked = Promise.withResolvers<void>()
  await using silent = await startRecorder(() => asked.resolve())
  // It accepts connections and never says a word: TLS does not come about.
  const mute = createServer((socket) => void socket.on('error', () => {}))
  await once(mute.listen(0, '127.0.0.1'), 'listening')
  const mutePort = (mute.address() as AddressInfo).port
  const clock = new ManualClock()
  await using other = await startPlatform()
  await using started = await startProxy(other, {
    clock,
    destinations: [{ name: 'gateway', destinationRef: { name: '*' } }],
  })
  const cases: readonly (readonly [
    name: string,
    URL: string,
    more: Readonly<Record<string, string>>,
    afterMs: number,
  ])[] = [
    ['read', silent.url, {}, 30_000],
    ['read-set', silent.url, { 'URL.socketReadTimeoutInSeconds': '300' }, 300_000],
    ['connect', `https://127.0.0.1:${mutePort}`, {}, 30_000],
    ['connect-set', `https://127.0.0.1:${mutePort}`, { 'URL.connectionTimeoutInSeconds': '2' }, 2_000],
  ]
  try {
    for (const [name, URL, more, afterMs] of cases) {
      other.destinations.set(name, leadsTo(URL, more))
      // While the destination is looked up, hours pass.
      let isFound = false
      other.delay(() => {
        if (!isFound) clock.advance(9_000)
        isFound = true
      })
      const arrived = once(
        name.startsWith('read') ? silent.server : mute,
        name.startsWith('read') ? 'request' : 'connection',
      )
      const call = started.call('gateway', '/', { headers: ['X-Destination-Name', name] })
      let isOver = false
      void call.then(() => {
        isOver = true
      })
      await arrived
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(afterMs - 1_100)
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.equal(isOver, false, name)
      clock.advance(2_200)
      const { status, headers } = await call
      assert.equal(status, 504, name)
      const what = name.startsWith('read') ? 'No data from' : 'Failed to establish connection to'
      assert.match(
        String(headers['x-error-message']),
        new RegExp(`^${what} the target of destination '${name}'.* ${afterMs / 1_000} s`),
      )
    }
  } finally {
    mute.close()
  }
})

test('services that do not answer are given up after their time, 10 seconds unless configured from 1 to 60 (TP-090)', async () => {
  for (const [settings, perAttemptMs] of [
    [{}, 10_000],
    [{ 'integration.destinationService.readTimeoutSeconds': 60 }, 60_000],
  ] as const) {
    await using silent = await startRecorder(() => {})
    const clock = new ManualClock()
    await using started = await startProxy(
      { ...platform, url: silent.url },
      { clock, settings, destinations: [{ name: 'a', destinationRef: { name: 'A' } }] },
    )
    let passedMs = 0
    let isOver = false
    const call = started.call('a', '/').finally(() => {
      isOver = true
    })
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      // What the caller of a request does first has been done, so time that passes now counts.
      if (silent.asked.length === 0) continue
      clock.advance(1_000)
      passedMs += 1_000
    }
    const { status, headers } = await call
    assert.deepEqual([status, headers['x-error-origin']], [502, 'XSUAA/Destination Service'])
    // One repetition, unless it took a minute to get there.
    assert.ok(passedMs >= perAttemptMs && passedMs <= 2 * perAttemptMs + 10_000, String(passedMs))
  }
  for (const seconds of [0, 61])
    await assert.rejects(
      startProxy(platform, {
        destinations: [],
        settings: { 'integration.destinationService.readTimeoutSeconds': seconds },
      }),
      { code: 'CONFIG_INVALID' },
    )
})

test('answers that are none are a bad gateway, whatever is wrong with them', async () => {
  const answers = [
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    'HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n',
    '',
  ]
  for (const answer of answers) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer, 'latin1'))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      const { status } = await call(leadsTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      assert.equal(status, 502, JSON.stringify(answer))
    } finally {
      server.close()
    }
  }
})

test('what nobody foresaw is an internal error, and only the log knows more (TP-133)', async () => {
  const seen: unknown[] = []
  const log = createLog((_level, _event, _facts, cause) => void seen.push(cause))
  const failure = new Error('a secret in the text')
  await using server = await startRecorder((response) => answerFailure(response, failure, 'r1', log))
  const answer = await fetch(server.url)
  assert.equal(answer.status, 500)
  assert.equal(await answer.text(), 'Transparent proxy internal error. Contact the transparent proxy administrator.')
  assert.ok(!JSON.stringify([...answer.headers]).includes('secret'))
  assert.deepEqual(seen, [failure])
})

test('a body whose framing cannot be passed on is refused', async () => {
  const send = async (...lines: readonly string[]): Promise<string> => {
    const caller = connect(proxy.running.port, '127.0.0.1').setEncoding('latin1')
    caller.on('error', () => {}).write(`${lines.join('\r\n')}\r\n\r\n`)
    const [answer] = await once(caller, 'data')
    caller.destroy()
    return String(answer).slice(9, 12)
  }
  const host = 'Host: gone.shop'
  assert.equal(await send('POST / HTTP/1.1', host, 'Transfer-Encoding: gzip, chunked'), '400')
  assert.equal(await send('POST / HTTP/1.1', host, 'Transfer-Encoding: chunked', 'Content-Length: 5'), '400')
  assert.equal(
    await send('GET / HTTP/1.1', host, 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5'),
    '400',
  )
  assert.equal(await send('OPTIONS * HTTP/1.1', host), '400')
  assert.equal(await send('GET / HTTP/1.1'), '400')
})

test('an answer that breaks off is broken for the caller too, and the transparent proxy serves on', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.resetAndDestroy()),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await assert.rejects(call(leadsTo(`http://127.0.0.1:${port}`)))
  } finally {
    server.close()
  }
  assert.equal((await proxy.call('gone.shop', '/')).status, 502)
})

test('a caller that goes away ends its request at the target', async () => {
  await using slow = await startRecorder(() => {})
  const closed = new Promise<void>((resolve) =>
    slow.server.on('connection', (socket) => socket.on('close', () => resolve())),
  )
  const asked = once(slow.server, 'request')
  platform.destinations.set('slow', leadsTo(slow.url))
  const caller = connect(proxy.running.port, '127.0.0.1')
  caller.write('GET / HTTP/1.1\r\nHost: gateway.shop\r\nX-Destination-Name: slow\r\n\r\n')
  await asked
  caller.destroy()
  await closed
})
