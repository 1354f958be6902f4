import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callJson, repository, runChild, runLandbridge, runUntilReady, temporaryFolder } from '@landbridge/testkit'

const curl = await runChild('curl', ['--version']).catch(() => undefined)
const skip = curl?.status === 0 ? false : 'curl is not installed'

/** What a person reads on the screen: the table, the credentials and the commands to copy. */
function read(screen: string) {
  const [, afterTitle = ''] = screen.split('Try it in a second terminal\n')
  const commands = afterTitle
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const addresses = [...screen.matchAll(/^ {2}(\S.*?) {2,}(\w+:\/\/\S+)$/gm)].map(
    ([, name, url]) => [name, url] as const,
  )
  const [, credentials] = /Generated credentials\n([\s\S]*?)\n\n/.exec(screen) ?? []
  return { commands, addresses: new Map(addresses), credentials }
}

const readme = readFileSync(join(repository, 'README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

const lastCommand = /configuration\/subaccounts\n/

test('the quick start is one command and what it prints, which can be copied and works; a second start finds everything as it was, and ends with npm (CONN-001, CONN-049, CONN-084, RFC-179)', {
  skip,
}, async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  const data = join(cwd, 'data')
  const first = await runUntilReady(['up', '--data', data], { cwd, ready: lastCommand })
  const screen = read(first.output)
  // Installing, pairing and exposing are in the one command of the README; no file is edited.
  assert.match(readme, /^## Quick start\n[^#]*?```sh\nnpm ci && npm start\n```\n[^#]*?three commands to copy/m)
  assert.equal(scripts.start, 'node bin/landbridge.mjs up')
  assert.equal(screen.commands.length, 3)
  const [throughProxy, call, connectorApi] = await runAsPrinted(screen.commands, cwd)
  assert.match(throughProxy ?? '', /Hello from the on-premise backend/)
  assert.match(call ?? '', /Hello from the on-premise backend/)
  const [{ regionHost }] = JSON.parse(connectorApi ?? '')
  assert.equal(regionHost, 'landbridge.localhost')
  const status = await runLandbridge(['status', '--data', data], { cwd })
  assert.equal(status.status, 0, status.stdout)
  const bindings = await environment(data)
  const since = await pairedSince(connectorApi, screen.commands[2] ?? '', cwd)
  assert.equal(await first.stop(), 0, first.errors())

  const second = await runUntilReady(['--data', data], { ready: lastCommand, byNpmStart: true })
  const again = read(second.output)
  assert.equal(again.credentials, screen.credentials)
  const answers = await runAsPrinted(again.commands, repository)
  assert.match(answers[0] ?? '', /Hello from the on-premise backend/)
  assert.deepEqual(await pairedSince(answers[2], again.commands[2] ?? '', repository), since)
  const secrets = (text: string) => text.match(/"client(id|secret)": "[^"]+"/g)
  assert.deepEqual(secrets(await environment(data)), secrets(bindings))
  // npm alone is signalled, which hands that to the shell at most: the platform ends in order all the same.
  await second.stop()
  assert.match(second.errors(), /^Stopping/m)
  const stopped = await runLandbridge(['status', '--data', data], { cwd })
  assert.notEqual(stopped.status, 0)
  await assert.rejects(callJson({ url: again.addresses.get('HTTP proxy') ?? '' }), /ECONNREFUSED/)
})

async function runAsPrinted(commands: readonly string[], cwd: string): Promise<readonly string[]> {
  const outputs: string[] = []
  for (const command of commands) {
    const { status, stdout, stderr } = await runChild('sh', ['-c', command], { cwd })
    assert.equal(status, 0, `${command}\n${stderr}`)
    outputs.push(stdout)
  }
  return outputs
}

async function environment(data: string): Promise<string> {
  return (await runLandbridge(['env', '--stdout', '--data', data])).stdout
}

/** Since when the certificate of the connector is valid: another pairing would give another one. */
async function pairedSince(subaccounts: string | undefined, command: string, cwd: string): Promise<unknown> {
  const [{ regionHost, subaccount }] = JSON.parse(subaccounts ?? '')
  const one = await runChild('sh', ['-c', `${command}/${regionHost}/${subaccount}`], { cwd })
  const { tunnel } = JSON.parse(one.stdout)
  assert.equal(tunnel.state, 'Connected')
  assert.ok(tunnel.subaccountCertificate.notBeforeTimeStamp)
  return tunnel.subaccountCertificate
}
