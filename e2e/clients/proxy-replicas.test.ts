import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { socks5AuthRequest, socks5Greeting } from '@landbridge/socks5'
import { type RunningCommand, runCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { askBackend as ask, KeepAliveLoad } from './support/keep-alive-load.ts'
import { newServiceKey, type ProxySetup, setUpProxy } from './support/proxy-process.ts'
import { technicalToken } from './support/tokens.ts'

const folder = temporaryFolder()
let platform: TestPlatform
let key: object
let token: string

before(async () => {
  platform = await startPlatform()
  key = await newServiceKey(platform)
  token = await technicalToken(platform, 'connectivity')
})

after(async () => {
  await platform?.stop()
  folder[Symbol.dispose]()
})

const greeting = /^200 [\s\S]*Hello from the on-premise backend/

test('proxies are replicas: a connector serves all of them, and one goes on when another is killed (CONN-049)', async (t) => {
  const start = async (name: string): Promise<ProxySetup & { readonly running: RunningCommand }> => {
    const proxy = await setUpProxy(platform, folder.path, name, key)
    const running = await proxy.start()
    t.after(() => running.kill())
    return { ...proxy, running }
  }
  const [east, west] = [await start('east'), await start('west')]
  const own = Number(platform.binding('connectivity').onpremise_proxy_http_port)
  const answers = await Promise.all([east.port, west.port, own].map((port) => ask(port, token)))
  for (const answer of answers) assert.match(answer, greeting)
  await east.running.kill()
  for (const port of [west.port, own]) assert.match(await ask(port, token), /^200 /)
  await assert.rejects(ask(east.port, token), /ECONNREFUSED/)
  assert.equal(await west.running.stop(), 0, west.running.errors())
})

/** A process needs a second of a processor to start, which may be long on a busy machine. */
function soon<T>(what: string, check: Parameters<typeof eventually<T>>[1]): Promise<T> {
  return eventually(what, check, 60_000)
}

/** What `/health/ready` says of two workers. */
interface Health {
  readonly status: string
  readonly reason?: string
  readonly workers: readonly { readonly worker: number; readonly pid: number; readonly ready: boolean }[]
}

async function healthOf({ healthUrl }: ProxySetup): Promise<Health> {
  return (await (await fetch(`${healthUrl}/health/ready`)).json()) as Health
}

function whenReady(proxy: ProxySetup): Promise<Health> {
  return soon('both workers are ready', async () => {
    const health = await healthOf(proxy)
    return health.status === 'UP' && health
  })
}

async function metric({ healthUrl }: ProxySetup, name: string): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? Number.NaN : Number(line.slice(name.length))
}

/** Open connections of each of the two workers. */
async function spread(proxy: ProxySetup, name: 'http' | 'socks5'): Promise<readonly number[]> {
  const of = (worker: number): Promise<number> =>
    metric(proxy, `landbridge_proxy_connections{proxy="${name}",worker="${worker}"}`)
  return [await of(1), await of(2)]
}

/** Waits until all connections of a load are there, and both workers have some. */
async function wholeSpread(proxy: ProxySetup): Promise<readonly number[]> {
  const found = await soon('all connections are open', async () => {
    const [one = 0, two = 0] = await spread(proxy, 'http')
    return one + two === connections && [one, two]
  })
  assert.ok(Math.min(...found) > 0, `${found}`)
  return found
}

/** Opens a SOCKS5 connection and shows the token. */
async function socksLogon(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.concat([socks5Greeting(), socks5AuthRequest(token, '')]))
  let answer = Buffer.alloc(0)
  while (answer.length < 4) answer = Buffer.concat([answer, ((await once(socket, 'data')) as [Buffer])[0]])
  assert.deepEqual([...answer], [5, 0x80, 1, 0])
  return socket
}

/** Sends half of a body of ten bytes and waits until the backend has returned it. */
async function halfEcho(port: number): Promise<{ readonly sent: ClientRequest; readonly whole: Promise<string> }> {
  const host = 'demo-backend.virtual:8080'
  const headers = { host, 'proxy-authorization': `Bearer ${token}`, 'content-length': 10 }
  const sent = request({ host: '127.0.0.1', port, method: 'POST', path: `http://${host}/echo`, headers, agent: false })
  sent.write('first')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const whole = new Promise<string>((resolve) => answer.once('close', () => resolve(text)))
  await soon('the first half is back', () => text === 'first')
  return { sent, whole }
}

/** A process that has ended, whether its parent has taken note or not. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true
  } catch {
    return true
  }
}

/** So many that the system does not give all of them to one of two workers, except once in a million runs. */
const connections = 22

const unshared = process.platform === 'linux' ? false : 'ports are shared on Linux and FreeBSD only'

test('workers share the ports of one proxy, and one that is killed is replaced while the others go on (CONN-049)', {
  skip: unshared,
}, async (t) => {
  const proxy = await setUpProxy(platform, folder.path, 'workers', key)
  const running = await proxy.start('--workers', '2', '--set', 'logLevel=info')
  t.after(() => running.kill())
  const { workers } = await whenReady(proxy)
  const [first, second] = workers.map(({ pid }) => pid)
  assert.equal((await fetch(`${proxy.healthUrl}/healthcheck`)).status, 200)
  const status = await runCommand(['status', '--data', join(folder.path, 'workers-data')])
  assert.equal(status.status, 0, status.stdout)

  const other = ['--set', `dataDirectory=${join(folder.path, 'other')}`, '--set', 'proxy.landbridge.health.port=0']
  const refused = await runCommand(['proxy', '--config', proxy.config, '--workers', '2', ...other])
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /PORT_IN_USE[\s\S]*servers\.proxy\.http\.port/)

  const sockets = await Promise.all(Array.from({ length: connections }, () => socksLogon(proxy.socksPort)))
  const socksSpread = await spread(proxy, 'socks5')
  for (const socket of sockets) socket.destroy()
  assert.ok(Math.min(...socksSpread) > 0, `${socksSpread}`)

  {
    await using load = new KeepAliveLoad(proxy.port, token, connections)
    const before = await wholeSpread(proxy)
    await load.more(200)
    assert.ok((await metric(proxy, 'connectivity_business_data_tunnels_count{worker="1"}')) > 0)
    const accepted = await metric(proxy, 'landbridge_proxy_connections_total{proxy="http"}')
    assert.equal(accepted, connections)
    process.kill(first!, 'SIGKILL')
    await load.more(200)
    const health = await soon('the killed worker is back', async () => {
      const now = await healthOf(proxy)
      return now.status === 'UP' && now.workers[0]?.pid !== first && now
    })
    assert.equal(health.workers[1]?.pid, second)
    await soon('the log tells the end', () => /"proxy\.worker-ended","worker":1,.*SIGKILL/.test(running.errors()))
    await soon('lines of workers say whose', () => /"tunnel\.opened","worker":1,/.test(running.errors()))
    // Only what the killed process had was lost, and only connections.
    assert.deepEqual(load.wrong, [])
    assert.ok(load.broken.size <= before[0]!, `${load.broken.size} connections broke, ${before[0]} were there`)
    assert.ok((await metric(proxy, 'landbridge_proxy_connections_total{proxy="http"}')) >= accepted)
    assert.equal(await metric(proxy, 'landbridge_proxy_worker_restarts_total{worker="1"}'), 1)
  }
  {
    await using load = new KeepAliveLoad(proxy.port, token, connections)
    await wholeSpread(proxy)
    await load.more(200)
    assert.deepEqual([load.wrong, load.broken.size], [[], 0])
  }

  const { workers: last } = await healthOf(proxy)
  await running.kill()
  await soon('no worker is left', () => last.every(({ pid }) => isGone(pid)))

  const again = await proxy.start('--workers', '2')
  t.after(() => again.kill())
  await whenReady(proxy)
  const echoes = await Promise.all(Array.from({ length: 12 }, () => halfEcho(proxy.port)))
  const stopped = again.stop()
  await soon('nobody listens any more', () =>
    ask(proxy.port, token).then(
      () => false,
      () => true,
    ),
  )
  for (const { sent } of echoes) sent.end('-half')
  assert.deepEqual(
    await Promise.all(echoes.map(({ whole }) => whole)),
    echoes.map(() => 'first-half'),
  )
  assert.equal(await stopped, 0, again.errors())
})
