import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestHead, RequestHead, requestLimits, TargetForm } from '@landbridge/http1'
import fc from '@landbridge/testkit/properties'
import { forwardSlack, writeForwardHead } from '../src/http/forward-head.ts'

const endHere = [
  'Proxy-Authorization',
  'SAP-Connectivity-Authentication',
  'SAP-Connectivity-Technical-Authentication',
  'SAP-Connectivity-SCC-Location_ID',
  'SAP-CP-Connectivity-Service-Token',
  'SAP-Connectivity-ConsumerAccount',
  'Proxy-Connection',
  'Keep-Alive',
  'X-Listed',
]

const anyCase = (name: string) =>
  fc.constantFrom(name, name.toLowerCase(), name.toUpperCase()).map((text) => `${text}: secret`)
const stays = fc
  .tuple(fc.stringMatching(/^X-[A-Za-z]{1,8}$/), fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/))
  .filter(([name]) => name.toLowerCase() !== 'x-listed')
  .map(([name, value]) => `${name}: ${value}`)
const goes = fc.constantFrom(...endHere).chain(anyCase)
const line = fc.oneof(
  stays.map((text) => ({ text, isKept: true })),
  goes.map((text) => ({ text, isKept: false })),
)
const upgrade = fc.constantFrom('', 'websocket', 'h2c')

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PURGE'),
  authority: fc.constantFrom('erp.virtual', 'ERP.Virtual:8443', '10.1.2.3:80', 'a_b.c:1'),
  path: fc.constantFrom('', '/', '?a=b', '/a/b?c=%2F', '//x', '/%2e%2e/y', '/a|b'),
  version: fc.constantFrom('1.0', '1.1'),
  lines: fc.array(line, { maxLength: 12 }),
  upgrade,
})

test('the forwarded head has the origin form, one Host, no header of this hop, and every other line unchanged', () => {
  fc.assert(
    fc.property(request, ({ method, authority, path, version, lines, upgrade: protocol }) => {
      const upgradeLines =
        protocol === '' ? ['Connection: X-Listed'] : ['Connection: Upgrade, X-Listed', `Upgrade: ${protocol}`]
      const all = [...lines.map((entry) => entry.text), ...upgradeLines, 'Host: another.example']
      const text = `${method} http://${authority}${path} HTTP/${version}\r\n${all.join('\r\n')}\r\n\r\n`
      const source = Buffer.from(`before${text}behind`, 'latin1')
      const head = new RequestHead()
      const end = parseRequestHead(source, 6, source.length, head, requestLimits)
      assert.equal(end, 6 + text.length)
      const target = Buffer.alloc(3 + text.length + forwardSlack)
      const stop = writeForwardHead(source, head, target, 3)
      assert.ok(stop <= 3 + text.length + forwardSlack)
      const [requestLine, hostLine, ...rest] = target.toString('latin1', 3, stop).split('\r\n')
      assert.equal(requestLine, `${method} ${path.startsWith('/') ? '' : '/'}${path} HTTP/${version}`)
      assert.equal(hostLine, `Host: ${authority}`)
      const isWebSocket = protocol === 'websocket' && version === '1.1'
      const kept = lines.filter((entry) => entry.isKept).map((entry) => entry.text)
      assert.deepEqual(rest, [...kept, ...(isWebSocket ? ['Connection: Upgrade', 'Upgrade: websocket'] : []), '', ''])
      const again = new RequestHead()
      assert.equal(parseRequestHead(target, 3, stop, again, requestLimits), stop)
      assert.equal(again.targetForm, TargetForm.origin)
    }),
  )
})
