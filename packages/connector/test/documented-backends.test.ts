import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { LocalCa, type OwnCertificate } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { startIcmBackend } from './icm-backend.ts'
import {
  type Answered,
  type ConnectorParts,
  type PropagatingConnector,
  startPropagatingConnector,
  testCertificates,
  testClock,
} from './propagating-connector.ts'
import { tokenIssuer } from './token-issuer.ts'

const page = readFileSync(new URL('../../../docs/how-to/principal-propagation.md', import.meta.url), 'utf8')
const place = { OU: 'BTP Scenarios', O: 'Trust Community', C: 'DE' }
const idp = tokenIssuer('https://idp.test', testClock().now())

/** The authority, the system certificate and another certificate of the same authority, as in the examples. */
let company: LocalCa
let system: OwnCertificate
let other: OwnCertificate
let authority: OwnCertificate

before(async () => {
  company = await LocalCa.create({ subject: { CN: 'MyCompany CA', O: place.O, C: place.C } })
  const issue = async (CN: string): Promise<OwnCertificate> => {
    const { cert, key } = await company.issueClient({ subject: { CN, ...place }, days: 2 })
    return { cert, key: new Secret(key) }
  }
  system = await issue('SCC')
  other = await issue('Web')
  authority = (await testCertificates(testClock())).authority
})

async function withConnector(
  parts: ConnectorParts,
  run: (ask: (user: string | null) => Promise<Answered>, connector: PropagatingConnector) => Promise<void>,
): Promise<void> {
  const connector = await startPropagatingConnector({ authority, ...parts })
  connector.trust([idp])
  try {
    const ask = (user: string | null) =>
      connector.ask(user === null ? {} : { userToken: idp.token({ user_name: user }) })
    await run(ask, connector)
  } finally {
    await connector.close()
  }
}

function blocks(language: string): string[] {
  return Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')), ([, text = '']) => text)
}

test('a backend with the rules of an ICM logs the user on for the trusted system certificate, and for no other (SCC-270)', async () => {
  const [profile = ''] = blocks('text')
  const parameter = /^icm\/trusted_reverse_proxy_0 = (.*)$/m.exec(profile)?.[1] ?? ''
  const backend = await startIcmBackend(parameter, company.certificatePem, authority.cert)
  const strict = await startIcmBackend(parameter.replaceAll(', O', ',O'), company.certificatePem, authority.cert)
  const seen = async (answer: Promise<Answered>): Promise<unknown> => JSON.parse((await answer).body)
  try {
    await withConnector({ backend, system }, async (ask) => {
      assert.deepEqual(await seen(ask('ann')), { user: 'CN=ann', by: 'header' })
      assert.equal((await ask(null)).status, 401, 'the marker: the system itself does not log on')
    })
    await withConnector({ backend, system: other }, async (ask) => {
      const impostor = `CN=Web, OU=${place.OU}, O=${place.O}, C=${place.C}`
      assert.deepEqual(await seen(ask('ann')), { user: impostor, by: 'handshake' })
    })
    await withConnector({ backend: strict, system }, async (ask) => {
      assert.match(String(JSON.stringify(await seen(ask('ann')))), /handshake/, 'names without blanks do not fit')
    })
    const stranger = await LocalCa.create({ subject: { CN: 'MyCompany CA', O: place.O, C: place.C } })
    const { cert, key } = await stranger.issueClient({ subject: { CN: 'SCC', ...place }, days: 2 })
    await withConnector({ backend, system: { cert, key: new Secret(key) } }, async (ask) => {
      assert.equal((await ask('ann')).status, 502, 'the same names under another key')
    })
  } finally {
    await backend.close()
    await strict.close()
  }
})

/** Runs a documented configuration in front of an application that answers with what it was told. */
async function withNginx(
  t: TestContext,
  configuration: string,
  run: (backend: { port: number; ca: string }, told: IncomingHttpHeaders[]) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder()
  const told: IncomingHttpHeaders[] = []
  const application = createServer((request, response) => {
    told.push(request.headers)
    response.end()
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 2 })
  const files = { 'server.pem': server.cert, 'server.key': server.key, 'users-ca.pem': authority.cert }
  for (const [name, text] of Object.entries({ ...files, 'system-ca.pem': company.certificatePem }))
    writeFileSync(join(folder.path, name), text)
  const port = await freePort()
  const nginx = startNginx(folder.path, placed(configuration, port, application))
  try {
    if (!(await isListening(nginx, port))) return t.skip('no nginx on this machine')
    await run({ port, ca: ca.certificatePem }, told)
  } finally {
    nginx.kill('SIGKILL')
    application.closeAllConnections()
    await new Promise((resolve) => application.close(resolve))
  }
}

/** The text of the page, with the ports of this test. */
function placed(configuration: string, port: number, application: Server): string {
  const { port: behind } = application.address() as AddressInfo
  return configuration
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('http://127.0.0.1:8080', `http://127.0.0.1:${behind}`)
}

function startNginx(folder: string, configuration: string): ChildProcess {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ')
  const file = join(folder, 'nginx.conf')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr; ${user}
events {}
http { access_log off; ${temporary}
${configuration}
}`,
  )
  return spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** False where there is no nginx. @throws Error when it ends: then it did not like its configuration */
async function isListening(nginx: ChildProcess, port: number): Promise<boolean> {
  const ended = new Promise<'missing' | 'ended'>((resolve) => {
    nginx.once('error', () => resolve('missing'))
    nginx.once('exit', () => resolve('ended'))
  })
  let words = ''
  nginx.stderr?.on('data', (chunk: Buffer) => {
    words += chunk.toString()
  })
  for (;;) {
    const accepted = new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => setTimeout(resolve, 20, false))
      socket.once('connect', () => socket.destroy())
    })
    const outcome = await Promise.race([accepted, ended])
    if (outcome === 'missing') return false
    if (outcome === 'ended') throw new Error(`nginx refused the documented configuration:\n${words}`)
    if (outcome) return true
  }
}

test('the documented nginx believes the header of the system certificate only, and the application finds a certificate that verifies (SCC-269)', async (t) => {
  const [withHeader = ''] = blocks('nginx')
  const [script = ''] = blocks('js')
  await withNginx(t, withHeader, async (backend, told) => {
    await withConnector({ backend, system }, async (ask) => {
      assert.equal((await ask('ann')).status, 200)
    })
    await withConnector({ backend, system: other }, async (ask) => {
      assert.equal((await ask('ann')).status, 403)
    })
    assert.equal(told.length, 1)
    assert.equal(told[0]?.ssl_client_cert, undefined)
    const verify = new Function('request', 'usersCa', 'X509Certificate', `${script}; return user.subject`)
    const { X509Certificate } = await import('node:crypto')
    assert.equal(verify({ headers: told[0] }, new X509Certificate(authority.cert), X509Certificate), 'CN=ann')
    const stranger = new X509Certificate(company.certificatePem)
    assert.throws(() => verify({ headers: told[0] }, stranger, X509Certificate), /not a user/)
  })
})

test('the documented nginx for users in the handshake names each user to the application', async (t) => {
  const [, inHandshake = ''] = blocks('nginx')
  await withNginx(t, inHandshake, async (backend, told) => {
    await withConnector({ backend }, async (ask) => {
      for (const user of ['ann', 'bob', 'ann']) assert.equal((await ask(user)).status, 200)
      assert.equal((await ask(null)).status, 400)
    })
    assert.deepEqual(
      told.map((headers) => headers['x-user']),
      ['CN=ann', 'CN=bob', 'CN=ann'],
    )
  })
})
