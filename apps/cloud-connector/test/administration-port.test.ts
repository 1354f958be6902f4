import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createLog, ManualClock, silentLog } from '@landbridge/kernel'
import { ConnectorStore } from '@landbridge/store'
import { startLdapServer, temporaryFolder } from '@landbridge/testkit'
import { firstSettings } from '../src/first-settings.ts'
import {
  cheapHash,
  configuration,
  openConnectorStore,
  password,
  restartLog,
  startConnector,
  testConfig,
} from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

describe('the port of the administration', () => {
  const connector = suiteConnector()

  async function plain(request: string): Promise<string> {
    const socket = connect(Number(new URL(connector.app.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request)
    return text(socket)
  }

  test('plain HTTP gets no page and no redirection but a word about https, on whatever path; TLS goes on (SCC-009)', async () => {
    const large = `POST /api/v1/connector/version HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`
    for (const request of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', large, 'nonsense', '\0']) {
      const answer = await plain(request)
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(answer, /\r\n\r\nThis port speaks TLS only: ask for the same address with https:\/\/\.\n$/)
      assert.doesNotMatch(answer, /<html|Location|Set-Cookie/i)
    }
    assert.equal((await connector.call('GET', '/')).status, 200)
  })

  test('what starts like TLS and is none is cut off without an answer (SCC-009)', async () => {
    assert.doesNotMatch(await plain('\x16\x03\x01garbage that is no record at all'), /HTTP/)
    assert.equal((await connector.call('GET', '/')).status, 200)
  })
})

test('whoever connects and asks nothing holds up no end, and who asks by halves a few seconds only', async () => {
  using folder = temporaryFolder()
  const clock = new ManualClock(Date.now())
  const connector = await startConnector(folder.path, undefined, {}, silentLog, clock)
  const port = Number(new URL(connector.app.url).port)
  const over: Promise<unknown>[] = []
  for (const text of ['', '\x16', '\x16\x03\x01']) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(text)
    over.push(
      once(
        socket.on('error', () => {}),
        'close',
      ),
    )
  }
  for (const text of ['', 'GET / HT']) {
    const socket = connectTls({ port, host: '127.0.0.1', ca: connector.app.uiCa, servername: 'localhost' })
    await once(socket, 'secureConnect')
    socket.write(text)
    over.push(once(socket.on('error', () => {}).resume(), 'close'))
  }
  const half = connectTls({ port, host: '127.0.0.1', ca: connector.app.uiCa, servername: 'localhost' })
  await once(half, 'secureConnect')
  half.on('error', () => {}).write('POST /api/v1/landbridge/session HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{')
  // Another one asks and is answered: by then the head is there.
  await connector.call('GET', '/')
  const closed = connector.close()
  await Promise.all(over)
  clock.advance(5_000)
  await Promise.all([closed, once(half, 'close')])
})

test('after a change of certificate and of the user store it is reached on localhost and on the host name (SCC-031)', async (context) => {
  const folder = temporaryFolder()
  context.after(() => folder[Symbol.dispose]())
  const name = 'cc.plant.test'
  const restarts = restartLog()
  const directory = await startLdapServer([
    { dn: 'uid=ann,dc=corp', password: 'ann-pass', attributes: { uid: ['ann'] } },
    { dn: 'cn=sccadmin,dc=corp', attributes: { cn: ['sccadmin'], member: ['uid=ann,dc=corp'] } },
  ])
  const more = { host: '0.0.0.0', dnsNames: ['localhost', name] }
  context.after(() => directory.close())
  const connector = await startConnector(folder.path, undefined, more, restarts.log)
  context.after(() => connector.close())
  const { port } = new URL(connector.app.url)
  /** Reaches the port by its names, each verified against the certificate. */
  const reached = async (ca: string, login: string): Promise<readonly (number | undefined)[]> =>
    Promise.all(
      ['localhost', name].map(async (host) => {
        const sent = get(`https://${host}:${port}${configuration}/connector`, {
          ca,
          agent: false,
          headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
          // The test needs no name service for the name of its machine.
          lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
        })
        const [response] = await once(sent, 'response')
        return response.resume().statusCode
      }),
    )
  assert.deepEqual(await reached(connector.app.uiCa, `Administrator:${password}`), [200, 200])

  const json = {
    ...{ type: 'selfsigned', keySize: 2048, subjectDN: `CN=${name}` },
    subjectAltNames: ['localhost', name].map((value) => ({ type: 'DNS', value })),
  }
  const made = await connector.call('POST', `${configuration}/connector/ui/uiCertificate`, { json })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(await reached(connector.app.uiCa, `Administrator:${password}`), [200, 200])

  const config =
    'userBase="dc=corp" userSearch="(uid={0})" userSubtree="true" ' +
    'roleBase="dc=corp" roleName="cn" roleSearch="(member={0})" roleSubtree="true"'
  const ldap = { enable: true, configuration: { config, hosts: [{ host: '127.0.0.1', port: directory.port }] } }
  const url = `${configuration}/connector/authentication/ldap`
  assert.equal((await connector.call('PUT', url, { json: ldap, insecure: true })).status, 204)
  await restarts.restarted()
  assert.deepEqual(await reached(connector.app.uiCa, 'ann:ann-pass'), [200, 200])
})

test('cipher suites that the runtime does not know keep the port from nothing: the known ones serve, or the default, and the log says so (SCC-263)', async () => {
  using folder = temporaryFolder()
  const alerts: unknown[] = []
  const log = createLog((level, event, { unsupported }) => {
    if (level === 'error') alerts.push(event, unsupported)
  })
  const gone = ['TLS_GOST_OF_ANOTHER_RUNTIME', 'TLS_RSA_WITH_RC4_128_MD5']
  for (const [chosen, served] of [
    [gone, /^TLS_AES_/],
    [[...gone, 'TLS_AES_128_GCM_SHA256'], /^TLS_AES_128_GCM_SHA256$/],
  ] as const) {
    alerts.length = 0
    const opened = await openConnectorStore(folder.path)
    const store = await ConnectorStore.open(opened, await firstSettings(testConfig, cheapHash))
    await store.change('test', (current) => ({
      next: { ...current, settings: { ...current.settings, cipherSuites: chosen } },
      audit: { category: 'Configuration', action: 'update', object: 'cipherSuites' },
      result: undefined,
    }))
    await opened.close()
    const connector = await startConnector(folder.path, undefined, {}, log)
    try {
      assert.deepEqual(alerts, ['cipher-suites.unsupported', gone])
      const port = Number(new URL(connector.app.url).port)
      const socket = connectTls({ host: '127.0.0.1', port, ca: connector.app.uiCa })
      await once(socket, 'secureConnect')
      assert.match(socket.getCipher().name, served)
      socket.destroy()
    } finally {
      await connector.close()
    }
  }
})
