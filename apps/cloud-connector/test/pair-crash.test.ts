import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { createInterface, type Interface } from 'node:readline'
import { test } from 'node:test'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { connectorPath, masterPath, shadowPath } from './pair-scene.ts'
import { configuration, id, password, send, subaccountPath } from './running-connector.ts'

const mappings = `${subaccountPath}/systemMappings`

/** A connector in a process of its own. */
class ConnectorProcess implements AsyncDisposable {
  readonly #folder: ReturnType<typeof temporaryFolder>
  readonly #region: FakeRegion
  readonly #role: string
  #child: ChildProcess | undefined
  #lines: Interface | undefined
  /** Keeps connections: what is polled would be handshakes for the most part. */
  #agent: Agent
  app: { url: string; uiCa: string }

  private constructor(region: FakeRegion, role: string, port: number) {
    this.#folder = temporaryFolder()
    this.#region = region
    this.#role = role
    this.#child = undefined
    this.#lines = undefined
    this.#agent = new Agent({ keepAlive: true })
    this.app = { url: `https://127.0.0.1:${port}`, uiCa: '' }
  }

  static async start(region: FakeRegion, role: 'master' | 'shadow'): Promise<ConnectorProcess> {
    const started = new ConnectorProcess(region, role, await freePort())
    await started.start()
    return started
  }

  get port(): number {
    return Number(new URL(this.app.url).port)
  }

  /** Starts it, or starts it again on what it left. */
  async start(): Promise<void> {
    const script = new URL('./pair-process.ts', import.meta.url).pathname
    const options = {
      ...{ folder: this.#folder.path, role: this.#role, port: this.port },
      ...{ regionPort: this.#region.port, regionCa: this.#region.ca.certificatePem },
    }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })
    const [line] = await once(this.#lines, 'line')
    this.app = JSON.parse(line)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    this.#agent.destroy()
  }

  async order(line: string): Promise<void> {
    this.#child?.stdin?.write(`${line}\n`)
    await once(this.#lines!, 'line')
  }

  call(method: string, path: string, json?: unknown) {
    return send(this.app, method, path, { agent: this.#agent, ...(json === undefined ? {} : { json }) })
  }

  async put(path: string, json: unknown): Promise<void> {
    const answer = await this.call('PUT', path, json)
    assert.ok(answer.status < 300, answer.text)
  }

  async role(): Promise<string> {
    return (await this.call('GET', `${connectorPath}/haRole`)).json
  }

  async state(): Promise<string> {
    const path = (await this.role()) === 'shadow' ? shadowPath : masterPath
    return (await this.call('GET', `${path}/state`)).json.state
  }

  async hosts(): Promise<string[]> {
    return (await this.call('GET', mappings)).json.map(({ virtualHost }: { virtualHost: string }) => virtualHost)
  }

  async until(role: string, state: string): Promise<void> {
    await eventually(async () => (await this.role()) === role && (await this.state()) === state)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    this.#folder[Symbol.dispose]()
  }
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

interface Pair extends AsyncDisposable {
  readonly one: ConnectorProcess
  readonly two: ConnectorProcess
}

async function startPair(): Promise<Pair> {
  const region = await startFakeRegion()
  const [one, two] = await Promise.all([
    ConnectorProcess.start(region, 'master'),
    ConnectorProcess.start(region, 'shadow'),
  ])
  const added = await one.call('POST', `${configuration}/subaccounts`, {
    ...{ regionHost, subaccount: id, cloudUser, cloudPassword },
  })
  assert.equal(added.status, 201, added.text)
  await one.put(`${masterPath}/config`, { haEnabled: true })
  await two.put(`${shadowPath}/config`, {
    ...{ masterHost: '127.0.0.1', masterPort: one.port, checkIntervalInSeconds: 1, takeoverDelayInSeconds: 1 },
    ...{ connectTimeoutInMillis: 5_000, requestTimeoutInMillis: 5_000 },
  })
  const joined = await two.call('POST', `${shadowPath}/state`, { op: 'CONNECT', user: 'Administrator', password })
  assert.equal(joined.status, 204, joined.text)
  await one.until('master', 'CONNECTED')
  return {
    one,
    two,
    async [Symbol.asyncDispose]() {
      await Promise.all([one[Symbol.asyncDispose](), two[Symbol.asyncDispose]()])
      await region.close()
    },
  }
}

/** Adds mappings, one after the other, until `isOver`; returns those that were acknowledged. */
async function write(to: ConnectorProcess, name: string, isOver: (count: number) => boolean): Promise<string[]> {
  const acknowledged: string[] = []
  while (!isOver(acknowledged.length)) {
    const virtualHost = `${name}-${acknowledged.length}`
    const answer = await to
      .call('POST', mappings, {
        ...{ virtualHost, virtualPort: '80', localHost: 'l', localPort: '80' },
        ...{ protocol: 'HTTP', backendType: 'nonSAPsys' },
      })
      .catch(() => undefined)
    if (answer === undefined) return acknowledged
    assert.equal(answer.status, 201, answer.text)
    acknowledged.push(virtualHost)
  }
  return acknowledged
}

test('a shadow that is killed while it copies never fails a write of the master, and is equal again afterwards (API1-088, API2-029, PLAT-175, PLAT-176)', async () => {
  await using pair = await startPair()
  const { one, two } = pair
  for (const round of [0, 1, 2]) {
    let isOver = false
    const writing = write(one, `r${round}`, (count) => isOver && count >= 10)
    await eventually(async () => (await two.hosts()).some((host) => host.startsWith(`r${round}`)))
    await two.kill()
    isOver = true
    assert.ok((await writing).length >= 10)
    await two.start()
  }
  await two.until('shadow', 'READY')
  await eventually(async () => JSON.stringify(await two.hosts()) === JSON.stringify(await one.hosts()))
  await one.until('master', 'CONNECTED')
})

test('when the master is killed amid writes the shadow goes on from one whole version; the killed one comes back as its shadow (API1-090, API1-091, PLAT-176)', async () => {
  await using pair = await startPair()
  const { one, two } = pair
  const writing = write(one, 'w', () => false)
  await eventually(async () => (await two.hosts()).length >= 5)
  await one.kill()
  const acknowledged = await writing
  await eventually(async () => (await two.role()) === 'master')
  const copied = await two.hosts()
  // The last write may have been on its way; before it there is no gap.
  assert.deepEqual(copied.slice(0, acknowledged.length), acknowledged.slice(0, copied.length))
  assert.equal((await write(two, 'after', (count) => count >= 1)).length, 1)
  await one.start()
  await one.until('shadow', 'READY')
  await two.until('master', 'CONNECTED')
  assert.deepEqual(await one.hosts(), await two.hosts())
})

test('a kill at any moment of a switch leaves one master and one shadow (API1-069, OPS-151, PLAT-173)', async () => {
  await using pair = await startPair()
  let [master, shadow] = [pair.one, pair.two]
  for (const [victim, afterMs] of [
    ['master', 0],
    ['shadow', 0],
    ['master', 30],
    ['shadow', 30],
    ['master', 80],
    ['shadow', 80],
  ] as const) {
    const switching = master.call('POST', `${masterPath}/state`, { op: 'SWITCH' }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    const killed = victim === 'master' ? master : shadow
    await killed.kill()
    await switching
    await killed.start()
    const pairUp = async (): Promise<boolean> => {
      const states = [
        [await master.role(), await master.state()],
        [await shadow.role(), await shadow.state()],
      ].map(([role, state]) => `${role} ${state}`)
      return states.includes('master CONNECTED') && states.includes('shadow READY')
    }
    await eventually(pairUp)
    if ((await master.role()) === 'shadow') [master, shadow] = [shadow, master]
  }
})

test('a full disk on the shadow disturbs the master in nothing, is shown on both, and forbids a takeover (OPS-138, OPS-152, PLAT-179)', async () => {
  await using pair = await startPair()
  const { one, two } = pair
  await two.order('fill the disk')
  await write(one, 'x'.repeat(60), (count) => count >= 60)
  await one.until('master', 'BROKEN')
  assert.match((await one.call('GET', '/api/v1/landbridge/ha')).json.problem, /could not be stored/)
  const { state, stateMessage } = (await two.call('GET', `${shadowPath}/state`)).json
  assert.equal(state, 'INITSYNC')
  assert.match(stateMessage, /STORE_FULL/)
  assert.equal((await one.call('POST', `${masterPath}/state`, { op: 'SWITCH' })).status, 409)
  await one.kill()
  await eventually(async () =>
    /configuration differs/.test((await two.call('GET', `${shadowPath}/state`)).json.stateMessage),
  )
  assert.equal(await two.role(), 'shadow')
  await one.start()
  await two.order('free the disk')
  await two.until('shadow', 'READY')
  await one.until('master', 'CONNECTED')
  assert.equal((await two.hosts()).length, 60)
})
