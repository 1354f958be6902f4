import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, temporaryFolder } from '@landbridge/testkit'
import { suitePlatform } from './started.ts'

const destination = {
  Name: 'erp',
  Type: 'HTTP',
  URL: 'http://erp.virtual:443',
  ProxyType: 'OnPremise',
  Authentication: 'NoAuthentication',
}

const platform = suitePlatform()
const { data, folder } = platform

const run = (...args: string[]) => runCommand([...args, '--data', data], { cwd: folder })

test('instances are created with content, bound, listed and deleted on the command line (CONN-015)', async () => {
  const service = (...args: string[]) => run('service', ...args)
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({ init_data: { instance: { destinations: [destination] } } }))

  const created = await service('create', 'dest', '-c', 'config.json')
  assert.deepEqual([created.status, created.stderr], [0, ''])
  assert.match(created.stdout, /^Created destination instance dest \([0-9a-f-]{36}\)\.\n$/)
  const again = await service('create', 'dest', '--json')
  assert.equal(again.status, 1)
  assert.match(JSON.parse(again.stderr).answer, /a service instance with this name already/)
  const failed = await service('update', 'dest', '-c', config)
  assert.equal(failed.status, 1)
  assert.match(failed.stderr, /Failed to create all provided configurations\./)
  assert.match(failed.stderr, /init_data\.instance\.destinations\[0\] \(erp\): the name exists on this level/)

  const bound = await service('bind', 'dest', '--out', 'key.json')
  assert.equal(bound.status, 0, bound.stderr)
  const key = join(folder, 'key.json')
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.equal(typeof JSON.parse(readFileSync(key, 'utf8')).clientsecret, 'string')
  const x509 = await service('bind', 'dest', '--name', 'mtls', '-c', '{"xsuaa":{"credential-type":"x509"}}')
  assert.match(JSON.parse(x509.stdout).certificate, /BEGIN CERTIFICATE/)

  const { instances } = JSON.parse((await service('list', '--json')).stdout) as {
    instances: { name: string; bindings: { name: string }[] }[]
  }
  const bindings = instances.find(({ name }) => name === 'dest')?.bindings.map(({ name }) => name)
  assert.deepEqual(bindings?.sort(), ['dest-key-1', 'mtls'])
  assert.match((await service('list')).stdout, /^NAME +SERVICE +PLAN +BINDINGS +ID\n/)

  const refused = await service('delete', 'dest')
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /still has bindings[^\n]*; dest-key-1; mtls/)
  assert.equal((await service('unbind', 'dest', 'mtls')).status, 0)
  assert.equal((await service('delete', 'dest', '--with-bindings')).status, 0)
  const unknown = await service('delete', 'dest')
  assert.match(unknown.stderr, /There is nothing with this name[\s\S]*demo-destination/)
})

test('mistakes in the arguments of service are told before anything is sent', async () => {
  using empty = temporaryFolder()
  const service = (...args: string[]) => runCommand(['service', ...args, '--data', empty.path])
  assert.match((await service('list')).stderr, /No running Landbridge was found/)
  assert.equal((await service('frobnicate')).status, 2)
  assert.equal((await service('bind')).status, 2)
})

test('content is deployed with values of service keys, and a destination is made from an instance (DEST-220, DEST-221, DEST-226)', async () => {
  const listed = async (level: string) =>
    JSON.parse((await run('destination', 'list', '--level', level, '--json')).stdout) as Record<string, string>[]
  assert.equal((await run('service', 'bind', 'demo-uaa', '--name', 'uaa-key')).status, 0)
  const content = `content:
  subaccount:
    existing_destinations_policy: update
    destinations:
      - { Name: api, URL: 'https://api.example', TokenServiceInstanceName: demo-uaa, TokenServiceKeyName: uaa-key }
  instance:
    destinations:
      - { Name: service, ServiceInstanceName: demo-destination, ServiceKeyName: demo-destination-binding }
`
  writeFileSync(join(folder, 'content.yaml'), content)
  const deployed = await run('service', 'deploy', 'demo-destination', 'content.yaml')
  assert.equal(deployed.status, 0, deployed.stderr)
  const before = await listed('subaccount')
  assert.ok(before.some(({ Name, URL }) => Name === 'api' && URL === 'https://api.example'))
  assert.deepEqual(
    (await listed('instance')).map(({ Name }) => Name),
    ['service'],
  )
  const again = await run('service', 'deploy', 'demo-destination', 'content.yaml')
  assert.match(again.stderr, /instance\.destinations\[0\] \(service\): the name exists/)
  assert.deepEqual(await listed('subaccount'), before)
  writeFileSync(join(folder, 'empty.yaml'), 'content: { subaccount: { destinations: [] }, instance: {} }')
  assert.equal((await run('service', 'deploy', 'demo-destination', 'empty.yaml')).status, 0)
  assert.deepEqual(await listed('subaccount'), before)
  assert.equal((await listed('instance')).length, 1)

  const made = await run('service', 'destination', 'demo-destination', 'to-dest', '--of', 'demo-destination')
  assert.equal(made.stdout, 'Created to-dest with the key demo-destination-service-key.\n', made.stderr)
  const found = (await listed('subaccount')).find(({ Name }) => Name === 'to-dest')
  assert.equal(found?.Authentication, 'OAuth2ClientCredentials')
  const second = await run(
    'service',
    'destination',
    'demo-destination',
    'to-dest-2',
    '--of',
    'demo-destination',
    '--json',
  )
  assert.equal(JSON.parse(second.stdout).key, 'demo-destination-service-key')
})
