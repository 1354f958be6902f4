import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, mock, test } from 'node:test'
import { compileAccess } from '@landbridge/access'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, Secret, silentLog } from '@landbridge/kernel'
import { createRuntime, defaultBackendTimeouts, type HttpsProxy, type TunnelStatus } from '../src/index.ts'

const ca = await LocalCa.create({ subject: { CN: 'Region CA' } })
const { cert, key } = await ca.issueClient({ subject: { CN: 'a' }, days: 1 })
const host = '127.0.0.1'
const regionHost = 'region.example.test'
// What the jitter leaves is up to the full wait: here it leaves all of it.
mock.method(Math, 'random', () => 1 - Number.EPSILON)
after(() => mock.restoreAll())

/** A clock on which every wait is over as soon as it is asked for, until there were enough of them. */
class ImpatientClock extends ManualClock {
  readonly waits: number[] = []
  readonly #limit: number
  #enough: () => void = () => {}
  readonly done = new Promise<void>((resolve) => {
    this.#enough = resolve
  })

  constructor(limit: number) {
    super()
    this.#limit = limit
  }

  override after(delayMs: number, run: () => void): () => void {
    this.waits.push(delayMs)
    if (this.waits.length < this.#limit) setImmediate(run)
    else this.#enough()
    return () => {}
  }
}

/** How long a connector waits between its attempts at a cloud side, and what its administrator reads meanwhile. */
async function waits(port: number, httpsProxy?: HttpsProxy): Promise<{ waits: number[]; status: TunnelStatus }> {
  const clock = new ImpatientClock(12)
  const runtime = createRuntime({ clock, log: silentLog, heartbeatMs: 15_000, timeouts: defaultBackendTimeouts })
  runtime.apply({
    installationId: 'c',
    version: '0.1.0',
    description: '',
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    trust: { trustAllBackends: false, certificates: [] },
    subaccounts: [
      {
        subaccountId: 'a',
        regionHost,
        locationId: '',
        description: '',
        connected: true,
        loadSharing: false,
        tunnelConnections: 1,
        endpoint: { notificationHost: regionHost, address: host, port, ca: ca.certificatePem },
        certificate: cert,
        privateKey: new Secret(key),
        access: compileAccess([]),
        domainMappings: [],
        trustedIssuers: [],
        channels: [],
      },
    ],
  })
  await clock.done
  const status = runtime.status('a', regionHost)
  await runtime.close()
  return { waits: clock.waits.map((wait) => Math.ceil(wait / 10) * 10), status }
}

async function withServer<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  server.listen(0, host)
  await once(server, 'listening')
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

const proxyThatAnswers = (status: string): Server =>
  createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`))
  })

const growing = [250, 500, 1_000]

test('a cloud side that is away is asked again with growing pauses that stay below two seconds (OPS-084, SCC-086)', async () => {
  const closed = await withServer(createServer(), async (port) => port)
  const found = await waits(closed)
  assert.deepEqual(found.waits, [...growing, ...Array.from({ length: 9 }, () => 1_500)])
  assert.equal(found.status.state, 'ConnectFailure')
  assert.match(found.status.lastError ?? '', /ECONNREFUSED/)
})

test('an HTTPS proxy that says that the cloud side is away changes nothing about it; one that refuses is asked rarely', async () => {
  for (const status of ['502 Bad Gateway', '503 Service Unavailable', '504 Gateway Timeout']) {
    const found = await withServer(proxyThatAnswers(status), (port) => waits(443, { host, port }))
    assert.deepEqual(found.waits.slice(0, 6), [...growing, 1_500, 1_500, 1_500], status)
    assert.match(found.status.lastError ?? '', /it cannot reach this address/)
  }
  for (const status of ['407 Proxy Authentication Required', '403 Forbidden']) {
    const found = await withServer(proxyThatAnswers(status), (port) => waits(443, { host, port }))
    assert.deepEqual(found.waits.slice(3), [2_000, 4_000, 8_000, ...Array.from({ length: 6 }, () => 15_000)], status)
  }
})
