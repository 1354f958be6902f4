import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { callJson, type Finished, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { technicalToken } from '../clients/support/tokens.ts'

export const keyStorePassword = 'key-store-of-this-test'

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
  /** Diagnoses the destination `erp-api`, in the same way. */
  diagnoseDestination(user: string): Promise<Diagnosis>
  /** Gives the destination `erp-api` a key store. Its URL is an API of the platform, which it calls for the demo tenant. */
  useKeyStore(pkcs12: Buffer): Promise<void>
  /** The same, with one that the platform makes and renews. */
  usePlatformManagedKeyStore(): Promise<void>
  /** The same, with what the tenant certificate `erp` is now. */
  useTenantCertificate(): Promise<void>
  /** `landbridge call erp-api`: status of the command, and the answer. */
  call(): Promise<Finished>
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
  const instance = platform.binding('destination').instanceid ?? ''
  for (const user of ['_ABC', '_DEF']) await run('certificates', 'users', 'create', user, '--destination', instance)
  const diagnose = async (...words: readonly string[]): Promise<Diagnosis> => {
    const { stdout, stderr, status } = await platform.command('diagnose', ...words, '--out', sender, '--json')
    assert.ok(status === 0 || status === 1, stderr)
    const diagnosis = JSON.parse(stdout) as Diagnosis
    assert.equal(status, diagnosis.cause === 'none' ? 0 : 1)
    return diagnosis
  }
  let keyStores = 0
  const useStored = async (keyStore: object): Promise<void> => {
    const file = `erp-${++keyStores}.p12`
    await administrate(platform, 'POST', '/subaccountCertificates', { Name: file, ...keyStore })
    await administrate(platform, keyStores === 1 ? 'POST' : 'PUT', '/subaccountDestinations', {
      Name: 'erp-api',
      Type: 'HTTP',
      ProxyType: 'Internet',
      URL: `${platform.address('destination-service-mutual-tls').origin}/destination-configuration/v1/destinations/demo-backend`,
      Authentication: 'ClientCertificateAuthentication',
      KeyStoreLocation: file,
      KeyStorePassword: keyStorePassword,
      'URL.headers.X-zid': subaccountId,
    })
  }
  const useKeyStore = (pkcs12: Buffer) => useStored({ Content: pkcs12.toString('base64') })
  return {
    platform,
    folder: folder.path,
    tokenUrl,
    subaccountId,
    run,
    operator,
    diagnose: (user) => diagnose('certificate', 'erp', '--url', tokenUrl, '--user', user),
    diagnoseDestination: (user) => diagnose('destination', 'erp-api', '--user', user),
    useKeyStore,
    usePlatformManagedKeyStore: () => useStored({ Attributes: { AutomaticRenew: true, Password: keyStorePassword } }),
    async useTenantCertificate() {
      const path = `/subaccounts/${subaccountId}/clientCertificates`
      const all = (await operator(path)) as readonly { id: string; name: string; state: string }[]
      const id = all.find(({ name, state }) => name === 'erp' && state === 'active')?.id
      const { pkcs12 } = (await operator(`${path}/${id}/export`, { password: keyStorePassword })) as { pkcs12: string }
      await useKeyStore(Buffer.from(pkcs12, 'base64'))
    },
    call: () => platform.command('call', 'erp-api'),
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

async function administrate(platform: TestPlatform, method: string, path: string, body?: object): Promise<void> {
  const { status, text } = await callJson({
    method,
    url: `${platform.binding('destination').uri}/destination-configuration/v1${path}`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination')}` },
    ...(body === undefined ? {} : { body }),
  })
  assert.ok(status < 300, `${method} ${path}: ${status} ${text}`)
}

function succeeded({ status, stdout, stderr }: Finished, args: readonly string[]): string {
  assert.equal(status, 0, `landbridge ${args.join(' ')}: ${stderr}`)
  return stdout
}
