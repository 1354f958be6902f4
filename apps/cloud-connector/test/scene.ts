import assert from 'node:assert/strict'
import type { RuntimeOptions } from '@landbridge/connector'
import { type Log, silentLog, systemClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { type FakeCloudProxy, type FakeTunnel, startFakeCloudProxy, startWayOut } from './fake-cloud-proxy.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

export const tunnelHost = `connectivitytunnel.${regionHost}-002`
const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }

/** A paired-to-be connector between a region, a tunnel server and the proxy that is its only way to both. */
export class Scene implements AsyncDisposable {
  readonly region: FakeRegion
  readonly cloud: FakeCloudProxy
  readonly out: Awaited<ReturnType<typeof startWayOut>>
  connector: RunningConnector
  readonly #start: () => Promise<RunningConnector>
  readonly #folder: ReturnType<typeof temporaryFolder>
  /** Listening sockets of this process before and after the connector was started. */
  readonly listening: readonly [number, number]

  private constructor(
    parts: Pick<Scene, 'region' | 'cloud' | 'out' | 'connector' | 'listening'>,
    folder: ReturnType<typeof temporaryFolder>,
    start: () => Promise<RunningConnector>,
  ) {
    this.region = parts.region
    this.cloud = parts.cloud
    this.out = parts.out
    this.connector = parts.connector
    this.listening = parts.listening
    this.#folder = folder
    this.#start = start
  }

  /** A connector whose only way to the cloud is a proxy that knows the host names of the region. */
  static async start(runtime: Partial<RuntimeOptions> = {}, log: Log = silentLog): Promise<Scene> {
    const folder = temporaryFolder()
    const region = await startFakeRegion()
    const cloud = await startFakeCloudProxy(region.ca, tunnelHost)
    const out = await startWayOut((target) => (target.startsWith('connectivitytunnel.') ? cloud.port : region.port))
    const before = listeners()
    const regions = { [regionHost]: { ca: region.ca.certificatePem } }
    const start = () => startConnector(folder.path, region, { regions }, log, systemClock, runtime)
    const connector = await start()
    const listening = [before, listeners()] as const
    await connector.call('PUT', `${configuration}/connector/proxy`, { json: { host: '127.0.0.1', port: out.port } })
    return new Scene({ region, cloud, out, connector, listening }, folder, start)
  }

  /** The same installation as a new process. */
  async restart(): Promise<void> {
    await this.connector.close()
    this.connector = await this.#start()
  }

  /** Holds the database, and below `log` traces and audit files. */
  get folder(): string {
    return this.#folder.path
  }

  async pair() {
    const added = await this.connector.call('POST', `${configuration}/subaccounts`, { json: pairing })
    assert.equal(added.status, 201, added.text)
    return added.json
  }

  /** Asks for a tunnel on the latest control channel, as the cloud does. */
  async openTunnel(): Promise<FakeTunnel> {
    const known = this.cloud.tunnels.length
    this.region.controls.at(-1)?.channel.send({
      type: 'open-tunnel',
      ticket: 't',
      host: tunnelHost,
      port: 443,
      serverName: tunnelHost,
      proxyId: 'p',
      displayName: 'proxy',
    })
    return until(() => this.cloud.tunnels[known])
  }

  async expose(virtualPort: number, localPort: number, protocol: 'HTTP' | 'TCP' | 'LDAP'): Promise<string> {
    const path = `${subaccountPath}/systemMappings`
    const json = {
      virtualHost: 'erp.virtual',
      virtualPort: String(virtualPort),
      localHost: '127.0.0.1',
      localPort: String(localPort),
      protocol,
      backendType: 'nonSAPsys',
      authenticationMode: 'NONE',
    }
    const added = await this.connector.call('POST', path, { json })
    assert.equal(added.status, 201, added.text)
    return `${path}/erp.virtual:${virtualPort}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connector.close()
    await this.out.close()
    await this.cloud.close()
    await this.region.close()
    this.#folder[Symbol.dispose]()
  }
}

/** Listening sockets of this process. */
export function listeners(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCPServerWrap/.test(name)).length
}

/** Looks again and again until something is there. */
export async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
