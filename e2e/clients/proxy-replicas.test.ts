import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import {
  freePort,
  type RunningCommand,
  runUntilReady,
  startPlatform,
  type TestPlatform,
  temporaryFolder,
} from '@landbridge/testkit'
import { operate } from './support/administration.ts'
import { technicalToken } from './support/tokens.ts'

interface Replica extends RunningCommand {
  readonly port: number
}

/** Starts `landbridge proxy` as a process of its own, paired with the platform by a service key. */
async function startReplica(platform: TestPlatform, folder: string, name: string, key: object): Promise<Replica> {
  const at = (file: string): string => join(folder, `${name}${file}`)
  const certificate = await platform.command('certificate', '--name', 'localhost', '--out', at(''))
  assert.equal(certificate.status, 0, certificate.stderr)
  writeFileSync(at('-key.json'), JSON.stringify(key), { mode: 0o600 })
  const port = await freePort()
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
        proxy: { http: { enabled: true, port }, socks5: { port: 0 } },
      },
      landbridge: {
        proxyId: name,
        acceptConnectivityBindings: true,
        externalAddress: '127.0.0.1',
        health: { port: 0 },
      },
    },
  }
  // JSON is YAML.
  writeFileSync(at('.yaml'), JSON.stringify(configuration))
  const running = await runUntilReady(['proxy', '--json', '--config', at('.yaml')])
  return { ...running, port }
}

async function ask(port: number, token: string): Promise<string> {
  const headers = { host: 'demo-backend.virtual:8080', 'proxy-authorization': `Bearer ${token}` }
  const path = 'http://demo-backend.virtual:8080/hello'
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject).end()
  })
  return `${answer.statusCode} ${await text(answer)}`
}

test('proxies are replicas: a connector serves all of them, and one goes on when another is killed (CONN-049)', async () => {
  using folder = temporaryFolder()
  const platform = await startPlatform()
  const replicas: Replica[] = []
  try {
    const subaccount = platform.binding('xsuaa').subaccountid
    const wish = { service: 'connectivity_proxy', plan: 'connectivity_proxy', name: 'replicas' }
    const { id } = await operate(platform, 'POST', `/subaccounts/${subaccount}/serviceInstances`, wish)
    const { credentials } = await operate(platform, 'POST', `/serviceInstances/${id}/bindings`, { name: 'key' })
    for (const name of ['east', 'west']) replicas.push(await startReplica(platform, folder.path, name, credentials))
    const [east, west] = replicas as [Replica, Replica]
    const token = await technicalToken(platform, 'connectivity')
    const own = Number(platform.binding('connectivity').onpremise_proxy_http_port)
    const answers = await Promise.all([east.port, west.port, own].map((port) => ask(port, token)))
    for (const answer of answers) assert.match(answer, /^200 [\s\S]*Hello from the on-premise backend/)
    await east.kill()
    for (const port of [west.port, own]) assert.match(await ask(port, token), /^200 /)
    await assert.rejects(ask(east.port, token), /ECONNREFUSED/)
    assert.equal(await west.stop(), 0, west.errors())
  } finally {
    for (const replica of replicas) await replica.kill()
    await platform.stop()
  }
})
