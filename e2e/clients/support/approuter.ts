import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort, type Login, repository, startChild, type TestPlatform } from '@landbridge/testkit'
import { eventually } from '../../harness/eventually.ts'
import { JarClient, type Visit } from './jar-client.ts'

/** `@sap/approuter` as it is on npm, in a process of its own, with the routes of `programs/approuter/xs-app.json`. */
export interface Approuter extends AsyncDisposable {
  readonly port: number
  /** What it printed so far, for messages. */
  output(): string
  /** Logs a user on as a browser does, beginning at a page of the application; what comes after the login. */
  logOn(browser: JarClient, address: string, user: Login): Promise<LoggedOn>
}

export interface LoggedOn {
  /** Where the approuter sent the user to log on. */
  readonly authorize: URL
  readonly back: Visit
}

export async function startApprouter(
  platform: TestPlatform,
  environment: Readonly<Record<string, string>> = {},
  routes = 'approuter',
): Promise<Approuter> {
  const port = await freePort()
  const clients = join(import.meta.dirname, '..')
  const program = join(repository, 'node_modules/@sap/approuter/approuter.js')
  const router = startChild(process.execPath, [program, '--workingDir', join(clients, 'programs', routes)], {
    env: {
      ...platform.environment,
      XS_CACERT_PATH: platform.environment.NODE_EXTRA_CA_CERTS,
      PORT: String(port),
      NO_COLOR: '1',
      NODE_OPTIONS: `--require ${join(clients, 'programs/localhost-names.cjs')}`,
      ...environment,
    },
  })
  let output = ''
  for (const stream of [router.stdout!, router.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  await eventually('the approuter', async () => {
    if (router.exitCode !== null) throw new Error(`the approuter ended:\n${output}`)
    const page = await new JarClient(platform.ca).visit(`http://localhost:${port}/nothing`).catch(() => undefined)
    return page !== undefined
  })
  return {
    port,
    output: () => output,
    async logOn(browser, address, user) {
      const first = await browser.visit(address)
      const link = /https:\/\/[^"'\s]+\/oauth2?\/authorize[^"'\s]*/.exec(first.text)?.[0]?.replaceAll('\\', '')
      assert.ok(link, `${first.url} ${first.text}\n${output}`)
      const login = await browser.visit(link)
      const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(login.text)?.[1] ?? ''
      const form = new URLSearchParams({
        form_token: field('form_token'),
        query: field('query').replaceAll('&amp;', '&'),
        username: user.name,
        password: user.password,
      })
      const back = await browser.visit(new URL('/login', login.url), form)
      assert.equal(back.url.origin, new URL(address).origin, `${back.url} ${back.status} ${back.text}\n${output}`)
      return { authorize: new URL(link), back }
    },
    async [Symbol.asyncDispose]() {
      if (router.exitCode !== null) return
      const ended = once(router, 'exit')
      router.kill('SIGKILL')
      await ended
    },
  }
}
