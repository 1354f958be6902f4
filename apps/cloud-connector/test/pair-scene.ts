import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { type Log, ManualClock, silentLog } from '@landbridge/kernel'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import type { CloudConnectorConfig } from '../src/index.ts'
import { type Link, linkTo } from './cuttable-link.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { type Answer, configuration, id, password, type RunningConnector, startConnector } from './running-connector.ts'

export const connectorPath = `${configuration}/connector`
export const masterPath = `${connectorPath}/ha/master`
export const shadowPath = `${connectorPath}/ha/shadow`

/** One of the two, with the link over which the other one sees it. */
export interface Instance {
  readonly name: 'one' | 'two'
  readonly address: string
  readonly folder: string
  running: RunningConnector
  link: Link
  /** Keeps connections: what is polled would be handshakes for the most part. */
  readonly agent: Agent
}

/** Two connectors that can become a pair, in front of one region. Time is what the test makes it. */
export class PairScene implements AsyncDisposable {
  readonly clock: ManualClock
  readonly region: FakeRegion
  readonly one: Instance
  readonly two: Instance
  readonly #folders: readonly Disposable[]

  private constructor(
    parts: { clock: ManualClock; region: FakeRegion; one: Instance; two: Instance },
    folders: readonly Disposable[],
  ) {
    this.clock = parts.clock
    this.region = parts.region
    this.one = parts.one
    this.two = parts.two
    this.#folders = folders
  }

  static async start(two: Partial<CloudConnectorConfig> = {}, log: Log = silentLog): Promise<PairScene> {
    const clock = new ManualClock(Date.now())
    const region = await startFakeRegion()
    const folders = [temporaryFolder(), temporaryFolder()] as const
    const begin = async (name: 'one' | 'two', address: string, folder: string, more: object): Promise<Instance> => {
      // It is free on the address of its link as well, and while the instance is away.
      const port = await freePort()
      const running = await startConnector(folder, region, { port, tunnelTimeoutMs: 2_000, ...more }, log, clock)
      const link = await linkTo(portOf(running), address)
      return { name, address, folder, running, link, agent: new Agent({ keepAlive: true }) }
    }
    const first = await begin('one', '127.0.0.11', folders[0].path, {})
    const second = await begin('two', '127.0.0.12', folders[1].path, { haRole: 'shadow', ...two })
    return new PairScene({ clock, region, one: first, two: second }, folders)
  }

  /** Pairs a subaccount on the first instance. */
  async pairSubaccount(): Promise<void> {
    const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
    const added = await this.during(this.one.running.call('POST', `${configuration}/subaccounts`, { json }))
    assert.equal(added.status, 201, added.text)
  }

  /** Makes the second instance the shadow of the first one. */
  async join(more: object = {}): Promise<void> {
    await this.put(this.one, `${masterPath}/config`, { haEnabled: true })
    await this.put(this.two, `${shadowPath}/config`, {
      ...{ masterHost: this.one.address, masterPort: portOf(this.one.running), ownHost: this.two.address },
      ...{ checkIntervalInSeconds: 3, takeoverDelayInSeconds: 5 },
      // The clock runs ahead of the sockets.
      ...{ connectTimeoutInMillis: 30_000, requestTimeoutInMillis: 30_000 },
      ...more,
    })
    const answer = await this.connect()
    assert.equal(answer.status, 204, answer.text)
  }

  connect(json: object = { user: 'Administrator', password }): Promise<Answer> {
    return this.during(this.two.running.call('POST', `${shadowPath}/state`, { json: { op: 'CONNECT', ...json } }))
  }

  async put(instance: Instance, path: string, json: unknown): Promise<void> {
    const answer = await this.during(instance.running.call('PUT', path, { json }))
    assert.ok(answer.status < 300, answer.text)
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async get(instance: Instance, path: string): Promise<any> {
    return (await this.during(instance.running.call('GET', path, { agent: instance.agent }))).json
  }

  async role(instance: Instance): Promise<string> {
    return this.get(instance, `${connectorPath}/haRole`)
  }

  async state(instance: Instance): Promise<string> {
    const path = (await this.role(instance)) === 'shadow' ? shadowPath : masterPath
    return (await this.get(instance, `${path}/state`)).state
  }

  /** Waits, in steps of the clock, until an instance is in a state. */
  until(instance: Instance, role: string, state: string): Promise<void> {
    return this.eventually(async () => (await this.role(instance)) === role && (await this.state(instance)) === state)
  }

  /** Lets time pass until something holds. */
  async eventually(holds: () => boolean | Promise<boolean>, stepMs = 100): Promise<void> {
    while (!(await holds())) await this.pass(stepMs)
  }

  /** Lets time pass while something is under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const settled = work.finally(() => {
      isDone = true
    })
    while (!isDone) await Promise.race([settled.catch(() => {}), this.pass(20)])
    return settled
  }

  /** Time passes, and sockets get their turn. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Ends an instance without a word, as a crash does for the other one. */
  async stop(instance: Instance): Promise<void> {
    instance.link.cut()
    instance.agent.destroy()
    await this.during(instance.running.close())
  }

  /** Starts it again on its database, with the port that the other one knows. */
  async restart(instance: Instance, log: Log = silentLog): Promise<void> {
    const port = portOf(instance.running)
    const more = { port, tunnelTimeoutMs: 2_000 }
    instance.running = await this.during(startConnector(instance.folder, this.region, more, log, this.clock))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const instance of [this.one, this.two]) {
      instance.agent.destroy()
      await this.during(instance.running.close())
      await instance.link.close()
    }
    await this.region.close()
    for (const folder of this.#folders) folder[Symbol.dispose]()
  }
}

export function portOf({ app }: RunningConnector): number {
  return Number(new URL(app.url).port)
}
