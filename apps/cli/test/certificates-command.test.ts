import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { callJson, runCommand, temporaryFolder } from '@landbridge/testkit'
import { readState } from '../src/state/state-file.ts'
import { startUp } from './started.ts'

interface Listed {
  readonly kind: string
  readonly name: string
  readonly state: string
  readonly fingerprint: string
  readonly renewedBy: string
  readonly predecessor?: string
  readonly successor?: string
}

test('all certificates of a platform are listed, shown, renewed and exported on the command line and as metrics (CERT-001, CERT-006, CERT-017)', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  await using _up = await startUp(data)
  const environment = { LANDBRIDGE_P12_PASSWORD: 'export password' }
  const certificates = async (...args: string[]) => {
    const ended = await runCommand(['certificates', ...args, '--data', data], {
      cwd: folder.path,
      env: environment,
    })
    assert.equal(ended.status, 0, ended.stderr)
    return ended.stdout
  }
  const list = async (...args: string[]) =>
    (JSON.parse(await certificates('list', '--json', ...args)) as { certificates: Listed[]; unavailable: string[] })
      .certificates

  const made = JSON.parse(await certificates('create', 'erp', '--days', '75', '--algorithm', 'EC-P256', '--json'))
  const kinds = new Map((await list()).map(({ kind, renewedBy }) => [kind, renewedBy]))
  assert.equal(kinds.get('tenant-client'), 'platform')
  assert.equal(kinds.get('tunnel'), 'connector')
  assert.ok(kinds.has('local-ca'))
  assert.match(
    await certificates('list', '--within', '80'),
    /^ENDS +KIND +NAME .*\n(?:\S+ +server .*\n)*\S+ +tenant-client +erp /,
  )

  assert.match(await certificates('renew', '--dry-run'), /announce: ends soon +\S+ +tenant-client +erp/)
  const later = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)
  assert.match(await certificates('renew', '--dry-run', '--date', later), /renew +\S+ +tenant-client +erp/)
  assert.equal((await list('--kind', 'tenant-client')).length, 1)
  const unknown = await runCommand(['certificates', 'list', '--kind', 'tenant', '--data', data], { cwd: '/' })
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /kind; must be one of tenant-client, tunnel, destination/)
  assert.match(await certificates('renew', '--date', later), /renew +\S+ +tenant-client +erp/)
  const both = await list('--kind', 'tenant-client', '--state', 'all')
  const [old, next] = [both.find(({ state }) => state === 'replaced'), both.find(({ state }) => state === 'active')]
  assert.equal(old?.fingerprint, made.fingerprint)
  assert.deepEqual([old?.successor, next?.predecessor], [next?.fingerprint, old?.fingerprint])
  assert.match(await certificates('show', made.fingerprint.slice(0, 12)), new RegExp(`Successor +${next?.fingerprint}`))
  assert.match(
    await certificates('runs'),
    /demand:\S+ .* finished .*\n[\s\S]*Next scheduled run: \d{4}-\d{2}-01T00:00:00/,
  )

  await certificates('export', made.id, '--out', 'old.p12')
  const { cert } = await readPkcs12(readFileSync(join(folder.path, 'old.p12')), new Secret('export password'))
  assert.match(cert, /BEGIN CERTIFICATE/)
  await certificates('retire', made.id)
  const refused = await runCommand(['certificates', 'export', made.id, '--out', 'x.p12', '--data', data], {
    cwd: folder.path,
    env: environment,
  })
  assert.match(refused.stderr, /The key of this client certificate cannot be used any more/)

  const { url, secret } = readState(data).operator!
  const ca = readFileSync(join(data, 'ca.pem'), 'utf8')
  const scrape = await callJson({ url: `${url}/metrics`, ca, headers: { authorization: `Bearer ${secret}` } })
  assert.equal(scrape.status, 200)
  const fingerprint = next?.fingerprint.slice(0, 16)
  assert.match(
    scrape.text,
    new RegExp(
      `_not_after_timestamp_seconds\\{kind="tenant-client",renewed_by="platform",fingerprint="${fingerprint}"`,
    ),
  )
  assert.match(scrape.text, /landbridge_certificate_sources_unavailable 0/)
  assert.equal((await callJson({ url: `${url}/metrics`, ca })).status, 401)
})
