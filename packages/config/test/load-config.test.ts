import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isPlatformError } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import { Type } from '@sinclair/typebox'
import { type ConfigSources, describeConfig, environmentName, loadConfig, secretSetting } from '../src/index.ts'

const schema = Type.Object({
  logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info')], { default: 'info', description: 'Log level.' }),
  proxy: Type.Object({
    host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 20003, description: 'Port of the HTTP proxy.' }),
    idleTimeoutMs: Type.Integer({ minimum: 1000, default: 60000, 'x-unit': 'ms', description: 'Idle time.' }),
    strict: Type.Boolean({ default: true, description: 'Strict.' }),
    allowed: Type.Array(Type.String(), { default: [], description: 'Hosts.' }),
    peers: Type.Array(Type.Object({ name: Type.String(), port: Type.Integer() }), {
      default: [],
      description: 'Peers.',
    }),
  }),
  store: Type.Optional(
    Type.Object({
      url: Type.String({ description: 'Where.' }),
      key: secretSetting({ description: 'Sealing key.' }),
      poolSize: Type.Integer({ default: 10, description: 'Connections.' }),
    }),
  ),
})

function problemsOf(sources: Partial<ConfigSources>): readonly string[] {
  try {
    loadConfig(schema, { environment: {}, ...sources })
  } catch (thrown) {
    assert.ok(isPlatformError(thrown, 'CONFIG_INVALID'))
    return thrown.facts.problems as readonly string[]
  }
  assert.fail('expected CONFIG_INVALID')
}

function yamlFile(folder: string, text: string): string {
  const file = join(folder, 'landbridge.yaml')
  writeFileSync(file, text)
  return file
}

test('without any source every setting has its default and an optional section is absent', () => {
  const config = loadConfig(schema, { environment: { PATH: '/bin' } })
  assert.equal(config.proxy.port, 20003)
  assert.equal(config.logLevel, 'info')
  assert.equal(config.store, undefined)
})

test('the command line wins over the environment, the environment over the file, the file over the default', () => {
  using folder = temporaryFolder()
  const file = yamlFile(folder.path, 'proxy: { host: from-file, port: 1, idleTimeoutMs: 2000 }\n')
  const config = loadConfig(schema, {
    file,
    environment: { LANDBRIDGE_PROXY_PORT: '2', LANDBRIDGE_PROXY_IDLE_TIMEOUT_MS: '3000' },
    overrides: { 'proxy.port': '3' },
  })
  assert.deepEqual([config.proxy.host, config.proxy.idleTimeoutMs, config.proxy.port], ['from-file', 3000, 3])
  assert.equal(config.proxy.strict, true)
})

test('variables are read as the type that the schema asks for', () => {
  const config = loadConfig(schema, {
    environment: {
      LANDBRIDGE_LOG_LEVEL: 'debug',
      LANDBRIDGE_PROXY_STRICT: 'false',
      LANDBRIDGE_PROXY_ALLOWED: 'a.example, b.example',
      LANDBRIDGE_PROXY_PEERS: '[{"name":"x","port":1}]',
    },
  })
  assert.equal(config.logLevel, 'debug')
  assert.equal(config.proxy.strict, false)
  assert.deepEqual(config.proxy.allowed, ['a.example', 'b.example'])
  assert.deepEqual(config.proxy.peers, [{ name: 'x', port: 1 }])
})

test('the result is frozen at every depth', () => {
  const config = loadConfig(schema, { environment: {} })
  assert.throws(() => Object.assign(config.proxy, { port: 1 }), TypeError)
  assert.throws(() => (config.proxy.allowed as string[]).push('x'), TypeError)
})

test('all problems are reported at once, each with its place, its key, what is expected and what was found', () => {
  using folder = temporaryFolder()
  const file = yamlFile(folder.path, 'logLevel: loud\nproxy:\n  port: 70000\n  peers:\n    - { nam: x, port: 1 }\n')
  const problems = problemsOf({ file, environment: { LANDBRIDGE_PROXY_STRICT: 'yes' } })
  assert.deepEqual(problems, [
    'environment LANDBRIDGE_PROXY_STRICT: proxy.strict: expected true or false, found "yes"',
    `${file}:1: logLevel: expected one of "debug", "info", found "loud"`,
    `${file}:3: proxy.port: expected an integer from 0 to 65535, found 70000`,
    `${file}:4: proxy.peers.0.name: expected text, found nothing`,
    `${file}:4: proxy.peers.0.nam: expected a known key, found unknown key nam (did you mean name?)`,
  ])
})

test('an unknown key, variable or option names the nearest known one', () => {
  using folder = temporaryFolder()
  const file = yamlFile(folder.path, 'proxi:\n  port: 1\nproxy:\n  prot: 1\n')
  const problems = problemsOf({
    file,
    environment: { LANDBRIDGE_PROXY_PROT: '1' },
    overrides: { 'proxy.idleTimeout': '1' },
  })
  assert.deepEqual(problems, [
    `${file}:1: proxi: expected a known key, found unknown key proxi (did you mean proxy?)`,
    `${file}:4: proxy.prot: expected a known key of proxy, found unknown key prot (did you mean port?)`,
    'environment LANDBRIDGE_PROXY_PROT: LANDBRIDGE_PROXY_PROT: expected a known LANDBRIDGE_* variable, found an unknown name (did you mean LANDBRIDGE_PROXY_PORT?)',
    'command line: proxy.idleTimeout: expected a known key, found an unknown key (did you mean proxy.idleTimeoutMs?)',
  ])
})

test('a file that is missing, not YAML or not a map is a problem with the file in it', () => {
  using folder = temporaryFolder()
  assert.match(problemsOf({ file: join(folder.path, 'no.yaml') })[0] ?? '', /no\.yaml: .*readable YAML file.*ENOENT/)
  assert.match(problemsOf({ file: yamlFile(folder.path, 'a: [1\nb: 2\n') })[0] ?? '', /yaml:\d: .*well-formed YAML/)
  assert.match(problemsOf({ file: yamlFile(folder.path, '- 1\n') })[0] ?? '', /a map of settings, found \[1\]/)
  assert.match(problemsOf({ file: yamlFile(folder.path, 'proxy: 5\n') })[0] ?? '', /proxy: expected a section/)
  assert.equal(loadConfig(schema, { environment: {}, file: yamlFile(folder.path, '') }).proxy.port, 20003)
})

test('a setting that must be given is asked for only once its optional section is used', () => {
  using folder = temporaryFolder()
  const file = yamlFile(folder.path, 'store:\n  poolSize: 5\n')
  assert.deepEqual(problemsOf({ file }), [
    `${file}: store.url: expected text, found nothing`,
    `${file}: store.key: expected a reference to a file that holds the secret: { file: path }, found nothing`,
  ])
})

test('a secret comes from a file next to the configuration and is never printed', () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'key.txt'), 's3cret\n')
  const file = yamlFile(folder.path, 'store: { url: "sqlite:x", key: { file: key.txt } }\n')
  const config = loadConfig(schema, { file, environment: {} })
  assert.equal(config.store?.key.reveal(), 's3cret')
  assert.doesNotMatch(inspect(config, { depth: 9 }) + JSON.stringify(config), /s3cret/)
  const described = describeConfig(schema, { file, environment: {} })
  assert.doesNotMatch(JSON.stringify(described), /s3cret/)
  assert.deepEqual(
    described.entries.find((entry) => entry.path === 'store.key'),
    { path: 'store.key', value: '[redacted]', origin: `${file}:1` },
  )
})

test('the environment gives a secret directly or as the name of a file', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'key.txt')
  writeFileSync(path, 's3cret')
  const base = { LANDBRIDGE_STORE_URL: 'sqlite:x' }
  for (const variable of [{ LANDBRIDGE_STORE_KEY_FILE: path }, { LANDBRIDGE_STORE_KEY: 's3cret' }])
    assert.equal(loadConfig(schema, { environment: { ...base, ...variable } }).store?.key.reveal(), 's3cret')
})

test('a secret written into a file or onto the command line is refused without being shown', () => {
  using folder = temporaryFolder()
  const file = yamlFile(folder.path, 'store: { url: "sqlite:x", key: s3cret }\n')
  for (const sources of [{ file }, { overrides: { 'store.url': 'x', 'store.key': 's3cret' } }]) {
    const text = problemsOf(sources).join('\n')
    assert.match(text, /store\.key: expected a reference to a file/)
    assert.doesNotMatch(text, /s3cret/)
  }
  const missing = yamlFile(folder.path, 'store: { url: "sqlite:x", key: { file: gone.txt } }\n')
  assert.match(problemsOf({ file: missing })[0] ?? '', /store\.key: expected a readable, non-empty file.*gone\.txt/)
})

test('the description shows the origin of every value and does not fail on a bad configuration', () => {
  const { entries, problems } = describeConfig(schema, { environment: { LANDBRIDGE_PROXY_PORT: 'x' } })
  assert.equal(entries.find((entry) => entry.path === 'proxy.host')?.origin, 'default')
  assert.equal(entries.find((entry) => entry.path === 'store.url')?.origin, 'unset')
  assert.equal(problems.length, 1)
})

test('whatever text a variable holds, the answer is a value of the right type or a listed problem', () => {
  assert.equal(environmentName('tunnel.idleTimeoutMs', 'LANDBRIDGE_'), 'LANDBRIDGE_TUNNEL_IDLE_TIMEOUT_MS')
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const config = loadConfig(schema, { environment: { LANDBRIDGE_PROXY_PORT: text } })
        assert.ok(Number.isInteger(config.proxy.port))
      } catch (thrown) {
        assert.ok(isPlatformError(thrown, 'CONFIG_INVALID'))
      }
    }),
  )
})

test('entries of lists and maps get the defaults of their keys', () => {
  using folder = temporaryFolder()
  const entry = Type.Object({ name: Type.String(), port: Type.Integer({ default: 80 }) })
  const nested = Type.Object({
    list: Type.Array(entry, { default: [] }),
    map: Type.Record(Type.String(), entry, { default: {} }),
  })
  const file = yamlFile(folder.path, 'list: [{ name: a }, { name: b, port: 1 }]\nmap: { x: { name: c } }\n')
  assert.deepEqual(loadConfig(nested, { file, environment: {} }), {
    list: [
      { name: 'a', port: 80 },
      { name: 'b', port: 1 },
    ],
    map: { x: { name: 'c', port: 80 } },
  })
})
