import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { callJson, type Finished, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'

/** What `landbridge diagnose --json` prints. */
export interface Diagnosis {
  readonly cause: string
  readonly verdict: string
  readonly evidence: readonly string[]
  readonly remedy: string
  readonly commands?: readonly (readonly string[])[]
}

export interface Scene {
  readonly platform: TestPlatform
  readonly folder: string
  /** A tenant token request of the demo subaccount. */
  readonly tokenUrl: string
  readonly subaccountId: string
  /** Runs a command that has to succeed. */
  run(...args: readonly string[]): Promise<string>
  /** Diagnoses the tenant certificate `erp` at the token service; what it presents is in `sender.pem` afterwards. */
  diagnose(user: string): Promise<Diagnosis>
  /** Applies the commands of a remedy as they are printed. */
  apply(diagnosis: Diagnosis): Promise<void>
  /** Waits until a task with this subject is in the notification centre of the demo subaccount. */
  notified(subject: string): Promise<void>
  /** Calls the operator API. */
  operator(path: string, body?: object): Promise<unknown>
  stop(): Promise<void>
}

/** A platform of its own with a client certificate `erp` of the demo tenant and two communication users. */
export async function openScene(): Promise<Scene> {
  const folder = temporaryFolder()
  const platform = await startPlatform()
  const sender = join(folder.path, 'sender.pem')
  const run = async (...args: readonly string[]): Promise<string> => succeeded(await platform.command(...args), args)
  const operator = async (path: string, body?: object): Promise<unknown> => {
    const { status, json, text } = await callJson({
      url: `${platform.address('connectivity-service').origin}/api/v1${path}`,
      ca: platform.ca,
      headers: { authorization: `Bearer ${platform.credentials.operatorSecret}` },
      ...(body === undefined ? {} : { method: 'POST', body }),
    })
    assert.ok(status < 300, text)
    return json
  }
  const subaccounts = (await operator('/subaccounts')) as readonly { readonly id: string; readonly subdomain: string }[]
  const subaccountId = subaccounts.find(({ subdomain }) => subdomain === 'demo')?.id ?? ''
  const tokenUrl = `${platform.address('token-service').origin}/oauth/token?zid=${subaccountId}`

  await run('certificates', 'create', 'erp')
  for (const user of ['_ABC', '_DEF']) await run('certificates', 'users', 'create', user)
  return {
    platform,
    folder: folder.path,
    tokenUrl,
    subaccountId,
    run,
    operator,
    async diagnose(user) {
      const words = ['diagnose', 'certificate', 'erp', '--url', tokenUrl, '--user', user, '--out', sender, '--json']
      const { stdout, stderr, status } = await platform.command(...words)
      assert.ok(status === 0 || status === 1, stderr)
      const diagnosis = JSON.parse(stdout) as Diagnosis
      assert.equal(status, diagnosis.cause === 'none' ? 0 : 1)
      return diagnosis
    },
    async apply({ commands = [] }) {
      assert.ok(commands.length > 0, 'the remedy has no command')
      for (const [program, ...args] of commands) {
        assert.equal(program, 'landbridge')
        await run(...args.map((word) => (word === 'sender.pem' ? sender : word)))
      }
    },
    async notified(subject) {
      for (let attempt = 0; ; attempt++) {
        const found = (await operator(`/notifications?subaccount=${subaccountId}`)) as readonly { subject: string }[]
        if (found.some((one) => one.subject === subject)) return
        assert.ok(attempt < 120, `told instead: ${found.map((one) => one.subject).join(', ')}`)
        await setTimeout(500)
      }
    },
    async stop() {
      await platform.stop()
      folder[Symbol.dispose]()
    },
  }
}

function succeeded({ status, stdout, stderr }: Finished, args: readonly string[]): string {
  assert.equal(status, 0, `landbridge ${args.join(' ')}: ${stderr}`)
  return stdout
}
