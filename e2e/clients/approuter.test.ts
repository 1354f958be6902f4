import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort, repository, startChild, startPlatform, type TestPlatform } from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { JarClient } from './support/jar-client.ts'
import { claimsOf } from './support/tokens.ts'

let platform: TestPlatform
let backend: Backend
let router: ChildProcess
let origin: string
let output = ''
let user: JarClient

before(async () => {
  platform = await startPlatform()
  backend = await startBackend('erp')
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: backend.port })
  const { clientid = '', clientsecret = '', url } = platform.binding('xsuaa')
  const onPremise = { URL: 'http://erp.virtual:80', ProxyType: 'OnPremise' }
  for (const properties of [
    { Name: 'erp', Authentication: 'NoAuthentication', ...onPremise },
    { Name: 'erp-user', Authentication: 'PrincipalPropagation', ...onPremise },
    { Name: 'basic', Authentication: 'BasicAuthentication', User: 'u', Password: 'p', ...onPremise },
    {
      Name: 'technical',
      Authentication: 'OAuth2ClientCredentials',
      URL: backend.url,
      ProxyType: 'Internet',
      tokenServiceURL: `${url}/oauth/token`,
      clientId: clientid,
      clientSecret: clientsecret,
    },
  ])
    await createDestination(platform, properties)
  const port = await freePort()
  origin = `http://localhost:${port}`
  const program = join(repository, 'node_modules/@sap/approuter/approuter.js')
  const application = join(import.meta.dirname, 'programs/approuter')
  router = startChild(process.execPath, [program, '--workingDir', application], {
    env: {
      ...platform.environment,
      XS_CACERT_PATH: platform.environment.NODE_EXTRA_CA_CERTS,
      PORT: String(port),
      NO_COLOR: '1',
      NODE_OPTIONS: `--require ${join(import.meta.dirname, 'programs/localhost-names.cjs')}`,
    },
  })
  for (const stream of [router.stdout!, router.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  user = new JarClient(platform.ca)
  await eventually('the approuter', async () => {
    if (router.exitCode !== null) throw new Error(`the approuter ended:\n${output}`)
    return (await user.visit(`${origin}/nothing`).catch(() => undefined)) !== undefined
  })
})

after(async () => {
  if (router?.exitCode === null) {
    const ended = once(router, 'exit')
    router.kill('SIGKILL')
    await ended
  }
  await platform?.stop()
  await backend?.[Symbol.asyncDispose]()
})

/** Logs on as a browser would; the first page of the approuter leads to the login page by a script. */
async function logOn(): Promise<void> {
  const first = await user.visit(`${origin}/erp/orders`)
  const authorize = /https:\/\/[^"'\s]+\/oauth\/authorize[^"'\s]*/.exec(first.text)?.[0]
  const login = authorize === undefined ? first : await user.visit(authorize.replaceAll('\\', ''))
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(login.text)?.[1] ?? ''
  const form = new URLSearchParams({
    form_token: field('form_token'),
    query: field('query').replaceAll('&amp;', '&'),
    username: platform.credentials.user.name,
    password: platform.credentials.user.password,
  })
  const back = await user.visit(new URL('/login', login.url), form)
  assert.equal(back.url.origin, origin, `${back.url} ${back.status} ${back.text}\n${output}`)
}

async function json(path: string): Promise<ReturnType<typeof JSON.parse>> {
  const page = await user.visit(`${origin}${path}`)
  assert.equal(page.status, 200, `${page.text}\n${output}`)
  return JSON.parse(page.text)
}

const seen = (path: string) => backend.seen.findLast((request) => request.path === path)?.headers ?? {}

test('the unchanged approuter logs a user on and serves routes by destinations: on-premise with and without the user, Basic, and with a token (RC-033, RC-058, RC-063, RC-111)', async () => {
  await logOn()
  assert.deepEqual(await json('/erp/orders?a=%2Fb'), { system: 'erp', method: 'GET', path: '/orders?a=%2Fb', body: '' })
  assert.equal(seen('/orders?a=%2Fb').host, 'erp.virtual')
  assert.equal(seen('/orders?a=%2Fb')['proxy-authorization'], undefined)
  assert.equal((await json('/erp-user/me')).path, '/me')
  assert.equal(seen('/me')['sap-connectivity-authentication'], undefined)
  assert.equal((await json('/basic/orders')).system, 'erp')
  assert.equal(seen('/orders').authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
  await json('/technical/api')
  const bearer = seen('/api').authorization ?? ''
  assert.equal(claimsOf(bearer.replace('Bearer ', '')).grant_type, 'client_credentials')
})

test('the unchanged approuter serves a public route without a user (RC-016, RC-052)', async () => {
  const stranger = new JarClient(platform.ca)
  const page = await stranger.visit(`${origin}/public/open`)
  assert.equal(page.status, 200, `${page.text}\n${output}`)
  assert.equal(seen('/open').authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
})
