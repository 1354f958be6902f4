import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import {
  logonGroupRequest,
  logonServerAnswer,
  messageServerLogin,
  messageServerLogout,
  readLogonServer,
} from '../src/index.ts'

test('requests have the lengths and places that public clients use', () => {
  assert.deepEqual([messageServerLogin().length, messageServerLogout().length], [110, 110])
  const request = logonGroupRequest('PUBLIC')
  assert.equal(request.length, 206)
  assert.equal(request.toString('latin1', 0, 12), '**MESSAGE**\0')
  assert.equal(request.toString('latin1', 14, 24), 'MSG_SERVER')
  assert.deepEqual([request[12], request[66], request[67], request[110], request[112]], [4, 2, 1, 0x2c, 1])
  assert.deepEqual([request.readUInt32BE(154), request.toString('latin1', 158, 164)], [10, 'PUBLIC'])
})

test('an answer names host, gateway and instance', () => {
  assert.deepEqual(readLogonServer(logonServerAnswer('PUBLIC', 'erp01.internal', 3242)), {
    host: 'erp01.internal',
    gatewayPort: 3342,
    instance: '42',
  })
})

test('an answer that is cut, changed or made up names a sound server or a reason, and never throws', () => {
  const answer = logonServerAnswer('PUBLIC', 'erp01.internal', 3242)
  const check = (bytes: Buffer): void => {
    const found = readLogonServer(bytes)
    if (typeof found === 'string') return
    assert.match(found.host, /^[\x21-\x7e]{1,255}$/)
    assert.ok(found.gatewayPort > 100 && found.gatewayPort < 65_536)
  }
  for (let length = 0; length < answer.length; length++) check(answer.subarray(0, length))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => check(Buffer.from(bytes))))
  fc.assert(
    fc.property(fc.nat(answer.length - 1), fc.nat(255), (at, value) => {
      const copy = Buffer.from(answer)
      copy[at] = value
      check(copy)
    }),
  )
})
