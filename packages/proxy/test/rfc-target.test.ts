import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamKind } from '@landbridge/tunnel'
import { rfcTarget } from '../src/index.ts'

const target = (host: string, port: number): readonly unknown[] | null => {
  const found = rfcTarget(host, port)
  return found === null ? null : [found.kind, found.virtualHost, found.virtualPort]
}

test('a number of a gateway or a message server is RFC, any other LDAP (CP-093, RFC-060)', () => {
  for (const port of [3300, 3342, 3399, 4800, 4899, 3600, 3699, 3900])
    assert.deepEqual(target('ABAP.Virtual', port), [StreamKind.rfc, 'abap.virtual', port])
  for (const port of [389, 636, 3268, 3269, 3400, 1, 65_535])
    assert.deepEqual(target('Directory.Virtual', port), [StreamKind.ldap, 'directory.virtual', port])
})

test('a service before an @ keeps its case, the host does not', () => {
  for (const service of ['sapgw42', 'sapgw42s', 'sapmsERP', 'sapmsERP/PUBLIC', 'sapmsERP/My_Group?', '3601/SPACE'])
    assert.deepEqual(target(`${service}@ABAP.Virtual`, 0), [StreamKind.rfc, `${service}@abap.virtual`, 0])
})

test('what is neither a service nor a number asks for nothing', () => {
  for (const host of [
    'x@v',
    'sapgw4@v',
    'sapgw422@v',
    'sapms1ER@v',
    'sapmsERP/@v',
    '@v',
    'sapgw42@',
    'sapgw42@a@b',
    'sapgw42/x@v',
    `sapmsERP/${'x'.repeat(41)}@v`,
  ])
    assert.equal(target(host, 0), null, host)
  assert.equal(target('sapgw42@v', 3342), null)
  assert.equal(target('v', 0), null)
})
