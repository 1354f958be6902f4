import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { Secret, systemClock } from '@landbridge/kernel'
import { callJson, freePort, temporaryFolder } from '@landbridge/testkit'
import type { RunningCloud } from '../src/compose/cloud.ts'
import { regionHost, startCloudAlone } from './cloud-alone.ts'

const cloudUser = { name: 'admin@plant.test', password: 'cloud-password' }
const password = 'connector-password'
const repository = join(import.meta.dirname, '../../..')
/** A user without rights, where the test may become one. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

const folder = temporaryFolder()
const archive = join(folder.path, 'scc.tar')
const home = join(folder.path, 'first')
const running = new Set<ChildProcess>()
let cloud: RunningCloud
let subaccount: string
let port: number
/** What serves `home`, from the first test on. */
let current: ChildProcess

before(async () => {
  give(folder.path)
  mkdirSync(home)
  give(home)
  execFileSync(process.execPath, [
    ...[join(repository, 'apps/cli/build/connector/pack.mjs'), '--level', '0', '--out', archive],
  ])
  const authority = await LocalCa.create({ subject: { CN: 'Platform CA' }, clock: systemClock })
  cloud = await startCloudAlone({
    settings: { 'connectivityService.regionHost': regionHost },
    authority,
    operatorSecret: new Secret('operator-secret'),
    clock: systemClock,
  })
  const { registry, users, port: regionPort } = cloud.connectivityService
  subaccount = (await registry.createSubaccount({ subdomain: 'plant' })).id
  await users.createUser({
    subaccountId: subaccount,
    userName: cloudUser.name,
    password: cloudUser.password,
    roleCollections: ['Cloud Connector Administrator'],
  })
  extract()
  port = await freePort()
  run('changeport.sh', String(port))
  settle(home, regionPort, authority.certificatePem)
})
after(async () => {
  for (const child of running) child.kill('SIGKILL')
  if (existsSync(home)) daemon('stop')
  await cloud?.close()
  folder[Symbol.dispose]()
})

test('the archive, extracted into an empty folder, starts by go.sh as a user without rights, and two copies run side by side with default traces (SCC-001, SCC-006, SCC-008, SCC-011, SCC-012, RFC-183, RFC-184)', async () => {
  const second = join(folder.path, 'second')
  // The program itself is only read: the copy shares its files with the first.
  execFileSync('cp', ['-al', home, second], nobody)
  for (const name of ['format.json', 'scc.yaml']) execFileSync('rm', [join(second, 'config', name)])
  const otherPort = await freePort()
  assert.match(run('changeport.sh', String(otherPort), second).stdout, new RegExp(`now ${otherPort}\\. Restart`))
  const [one, other] = await Promise.all([start(home), start(second)])
  assert.equal(one.url, `https://localhost:${port}`)
  assert.equal(other.url, `https://localhost:${otherPort}`)
  const first = await ask('GET', '/landbridge/about')
  assert.equal(first.status, 200, first.text)
  // The second has a configuration of its own, in which the initial password still stands.
  const initial = await ask('GET', '/landbridge/about', undefined, second, otherPort, 'manage')
  assert.equal(initial.status, 403)
  assert.match(initial.json.message, /initial password/i)
  if (nobody.uid !== undefined)
    assert.match(readFileSync(`/proc/${one.child.pid}/status`, 'utf8'), new RegExp(`^Uid:\\s${nobody.uid}\\s`, 'm'))
  for (const file of globSync('{config,log}{,/**}', { cwd: home }))
    assert.equal(statSync(join(home, file)).mode & 0o077, 0, `${file} is open to others`)
  // Level Information, and no payload trace.
  const levels = readFileSync(join(home, 'log/ljs_trace.log'), 'utf8').match(/"level":"\w+"/g)
  assert.deepEqual([...new Set(levels)], ['"level":"info"'])
  assert.deepEqual(globSync('*.trc', { cwd: join(home, 'log') }), [])
  await stop(other.child)
  current = one.child
})

test('a port that is none is refused with the usage and changes nothing (SCC-008, OPS-164, OPS-167)', () => {
  const before = readFileSync(join(home, 'config/scc.yaml'), 'utf8')
  for (const [wrong, why] of [
    ['0', /0 is no port/],
    ['65536', /65536 is no port/],
    ['8443x', /8443x is no port/],
    ['', /^Usage: \.\/changeport\.sh PORT/],
  ] as const) {
    const { status, stderr } = run('changeport.sh', wrong)
    assert.equal(status, 2)
    assert.match(stderr, why)
    assert.match(stderr, /Usage: \.\/changeport\.sh PORT/)
  }
  assert.equal(readFileSync(join(home, 'config/scc.yaml'), 'utf8'), before)
})

test('the runtime is that of the archive or the one that LANDBRIDGE_NODE names; one that is missing or too old is named with what to do (RFC-186)', () => {
  const old = join(folder.path, 'old-node')
  writeFileSync(old, '#!/bin/sh\necho 20.11.1\n', { mode: 0o755 })
  const runWith = (script: string, node: string, ...args: readonly string[]) =>
    spawnSync(join(home, script), args, {
      ...nobody,
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LANDBRIDGE_NODE: node },
    })
  for (const [node, why] of [
    ['/nowhere/node', /\/nowhere\/node is no Node that runs here\. Set LANDBRIDGE_NODE .* Node 24 or later/],
    [old, /old-node is Node 20\.11\.1, and Node 24 or later is needed\./],
  ] as const)
    for (const script of ['go.sh', 'changeport.sh']) {
      const { status, stderr, stdout } = runWith(script, node, '--show')
      assert.deepEqual([status, stdout], [1, ''])
      assert.match(stderr, why)
    }
  for (const node of [process.execPath, ''])
    assert.equal(runWith('changeport.sh', node, '--show').stdout.trim(), `${port}`)
  // As it is set for a service; the port is changed on the same machine.
  const extension = join(home, 'scc_daemon_extension.sh')
  writeFileSync(extension, `LANDBRIDGE_NODE=${old}\n`)
  for (const script of ['go.sh', 'changeport.sh'])
    assert.match(runWith(script, '', '--show').stderr, new RegExp(`^${script}: .*old-node is Node 20`))
  rmSync(extension)
})

test('an upgrade over the installation keeps settings, pairing, mappings, certificates and audit; the tunnel returns by itself (SCC-005, SCC-006, RFC-188)', async () => {
  const path = `/configuration/subaccounts/${regionHost}/${subaccount}`
  const added = await ask('POST', '/configuration/subaccounts', {
    ...{ regionHost, subaccount, cloudUser: cloudUser.name, cloudPassword: cloudUser.password },
  })
  assert.equal(added.status, 201, added.text)
  const mapping = {
    ...{ virtualHost: 'erp.virtual', virtualPort: '443', localHost: 'erp.plant.test', localPort: '443' },
    ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE' },
  }
  assert.equal((await ask('POST', `${path}/systemMappings`, mapping)).status, 201)
  const before = {
    certificate: (await ask('GET', path)).json.tunnel.subaccountCertificate,
    mappings: (await ask('GET', `${path}/systemMappings`)).json,
    audit: (await ask('GET', '/landbridge/audit')).json,
    ui: readFileSync(join(home, 'config/connector-ca.pem'), 'utf8'),
    settings: readFileSync(join(home, 'config/scc.yaml'), 'utf8'),
    trace: readFileSync(join(home, 'log/ljs_trace.log'), 'utf8'),
  }
  assert.equal(before.mappings.length, 1)
  await stop(current)

  extract()
  assert.match(daemon('start')[1], /^scc_daemon started \(process \d+\)\.\n$/)
  const { tunnel } = await connected(path)
  assert.deepEqual(tunnel.subaccountCertificate, before.certificate)
  assert.deepEqual((await ask('GET', `${path}/systemMappings`)).json, before.mappings)
  assert.ok(before.audit.length >= 3)
  assert.deepEqual((await ask('GET', '/landbridge/audit')).json.slice(0, before.audit.length), before.audit)
  assert.equal(readFileSync(join(home, 'config/connector-ca.pem'), 'utf8'), before.ui)
  assert.equal(readFileSync(join(home, 'config/scc.yaml'), 'utf8'), before.settings)
  assert.ok(readFileSync(join(home, 'log/ljs_trace.log'), 'utf8').startsWith(before.trace))
  const own = globSync(`log/audit/${subaccount}/audit-log_${subaccount}_*.csv`, { cwd: home })
  assert.match(readFileSync(join(home, own[0] ?? ''), 'utf8'), /"BackendMapping","create","erp\.virtual:443"/)
})

test('daemon.sh starts, stops and restarts, and its status tells by text and exit status (SCC-002, OPS-165)', async () => {
  assert.match(daemon('start')[1], /^scc_daemon runs already/)
  const [status, told] = daemon('status')
  assert.equal(status, 0)
  assert.equal((await ask('GET', '/landbridge/about')).status, 200)
  // Another start in the same folder fails, and leaves what the running one is found by.
  assert.equal(run('go.sh', '--pid-file', home, [join(home, 'config/daemon.pid')]).status, 1)
  assert.deepEqual(daemon('status'), [0, told])
  assert.equal(daemon('restart')[0], 0)
  assert.notEqual(daemon('status')[1], told)
  assert.deepEqual(daemon('stop'), [0, 'scc_daemon stopped.\n'])
  assert.equal(daemon('status')[0], 3)
  assert.equal(daemon('nonsense')[0], 2)
})

test('the unit scc_daemon starts at boot and again after a crash, without root, and may write to configuration and logs only (SCC-002, SCC-006, OPS-166)', () => {
  const { stdout, status } = run('daemon.sh', 'unit', home, ['--directory', home])
  assert.equal(status, 0)
  const unit = new Map([...stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]))
  for (const [key, value] of Object.entries({
    User: 'scctunnel',
    ExecStart: `${home}/go.sh`,
    Restart: 'on-failure',
    WantedBy: 'multi-user.target',
    ProtectSystem: 'strict',
    ReadWritePaths: `${home}/config ${home}/log`,
    UMask: '0077',
  }))
    assert.equal(unit.get(key), value, key)
  for (const [option, value] of [
    ['--user', 'root'],
    ['--user', 'a\nExecStartPre=/bin/evil'],
    ['--directory', '/opt/a b'],
    ['--directory', 'relative'],
  ] as const)
    assert.equal(run('daemon.sh', 'unit', home, [option, value]).status, 2, value)
  // Whoever may not change the system is told so before anything is.
  const refused = run('daemon.sh', 'install', home, ['--directory', join(folder.path, 'installed')])
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /run it as root|does not run systemd, nothing was changed/)
  assert.equal(existsSync(join(folder.path, 'installed')), false)
  const file = join(folder.path, 'scc_daemon.service')
  writeFileSync(file, stdout)
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  if (verified.error === undefined) assert.deepEqual([verified.stderr, verified.status], ['', 0])
})

function give(path: string): void {
  if (nobody.uid !== undefined) chownSync(path, nobody.uid, nobody.gid)
}

function extract(): void {
  execFileSync('tar', ['-xf', archive, '-C', home], nobody)
}

function run(script: string, argument: string, where = home, more: readonly string[] = []) {
  const args = [...(argument === '' ? [] : [argument]), ...more]
  return spawnSync(join(where, script), args, {
    ...nobody,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })
}

function daemon(action: string): [number | null, string] {
  const { status, stdout } = run('daemon.sh', action)
  return [status, stdout]
}

/** What an administrator writes into the settings before the first start. */
function settle(where: string, regionPort: number, ca: string): void {
  const file = join(where, 'config/scc.yaml')
  const regions = JSON.stringify({ [regionHost]: { address: '127.0.0.1', port: regionPort, ca } })
  const own = `  initialPassword: ${password}\n  haRole: master\n  regions: ${regions}\n`
  const text = readFileSync(file, 'utf8').replace('  host: 0.0.0.0\n', '  host: 0.0.0.0\n'.concat(own))
  writeFileSync(file, text)
}

async function start(where: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(join(where, 'go.sh'), [], {
    ...nobody,
    cwd: '/',
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const [line] = await Promise.race([
    once(createInterface(child.stdout!), 'line') as Promise<[string]>,
    once(child, 'exit').then(([status]) => Promise.reject(new Error(`go.sh ended with ${status}`))),
  ])
  return { child, url: /ready: (\S+?)\. /.exec(line)?.[1] ?? line }
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
}

function ask(method: string, to: string, body?: object, where = home, at = port, secret = password) {
  return callJson({
    method,
    url: `https://localhost:${at}/api/v1${to}`,
    headers: { authorization: `Basic ${Buffer.from(`Administrator:${secret}`).toString('base64')}` },
    ca: readFileSync(join(where, 'config/connector-ca.pem'), 'utf8'),
    ...(body === undefined ? {} : { body }),
  })
}

/** The subaccount, as soon as its tunnel stands. */
async function connected(path: string) {
  for (;;) {
    const { json } = await ask('GET', path)
    if (json.tunnel.state === 'Connected') return json
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
