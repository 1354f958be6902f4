import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type RunningCommand, runUntilReady, type TestPlatform } from '@landbridge/testkit'
import { operate } from './administration.ts'

/** `landbridge proxy` with a configuration of its own, paired with a platform by a service key. */
export interface ProxySetup {
  readonly config: string
  readonly port: number
  readonly socksPort: number
  readonly healthUrl: string
  start(...args: readonly string[]): Promise<RunningCommand>
}

/** Makes a service key for proxies of the demo subaccount. */
export async function newServiceKey(platform: TestPlatform): Promise<object> {
  const subaccount = platform.binding('xsuaa').subaccountid
  const wish = { service: 'connectivity_proxy', plan: 'connectivity_proxy', name: 'replicas' }
  const { id } = await operate(platform, 'POST', `/subaccounts/${subaccount}/serviceInstances`, wish)
  const { credentials } = await operate(platform, 'POST', `/serviceInstances/${id}/bindings`, { name: 'key' })
  return credentials
}

/** Writes the configuration of a proxy, with its certificate, into a folder. */
export async function setUpProxy(
  platform: TestPlatform,
  folder: string,
  name: string,
  key: object,
): Promise<ProxySetup> {
  const at = (file: string): string => join(folder, `${name}${file}`)
  const certificate = await platform.command('certificate', '--name', 'localhost', '--out', at(''))
  assert.equal(certificate.status, 0, certificate.stderr)
  writeFileSync(at('-key.json'), JSON.stringify(key), { mode: 0o600 })
  const [port, socksPort, healthPort] = [await freePort(), await freePort(), await freePort()]
  const configuration = {
    dataDirectory: at('-data'),
    logLevel: 'warn',
    serviceKey: { file: at('-key.json') },
    platformCaFile: platform.environment.NODE_EXTRA_CA_CERTS,
    tls: { certificateFile: at('.crt'), key: { file: at('.key') } },
    proxy: {
      tenantMode: 'shared',
      servers: {
        businessDataTunnel: { port: 0, externalHost: 'localhost', externalPort: 0 },
        proxy: { http: { enabled: true, port }, socks5: { port: socksPort } },
      },
      landbridge: {
        proxyId: name,
        acceptConnectivityBindings: true,
        externalAddress: '127.0.0.1',
        health: { port: healthPort, metrics: true },
        // A machine that stands still for minutes is no reason to end what a test is about to use.
        timeouts: { idleMs: 3_600_000 },
      },
    },
  }
  // JSON is YAML.
  const config = at('.yaml')
  writeFileSync(config, JSON.stringify(configuration))
  return {
    config,
    port,
    socksPort,
    healthUrl: `http://127.0.0.1:${healthPort}`,
    start: (...args) => runUntilReady(['proxy', '--json', '--config', config, ...args]),
  }
}
