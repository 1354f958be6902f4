import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenRequest } from '../src/index.ts'

function timeoutsMs(configured: string | undefined): [connect: number, read: number] {
  const request = tokenRequest({
    properties: {
      clientId: 'c',
      tokenServiceURL: 'https://idp.test/token',
      ...(configured === undefined
        ? {}
        : {
            'tokenServiceURL.ConnectionTimeoutInSeconds': configured,
            'tokenServiceURL.SocketReadTimeoutInSeconds': configured,
          }),
    },
    tenant: '',
    subaccountId: 's',
    parameters: [['grant_type', 'client_credentials']],
    withScope: true,
  })
  return [request.connectTimeoutMs, request.readTimeoutMs]
}

test('timeouts within their range are honoured, all others mean 10 s (DEST-118, DEST-119)', () => {
  for (const [configured, connect, read] of [
    [undefined, 10_000, 10_000],
    ['0', 0, 0],
    ['1', 1_000, 1_000],
    ['60', 60_000, 60_000],
    ['61', 10_000, 61_000],
    ['600', 10_000, 600_000],
    ['601', 10_000, 10_000],
    ['-1', 10_000, 10_000],
    ['1.5', 10_000, 10_000],
    ['soon', 10_000, 10_000],
    ['', 10_000, 10_000],
  ] as const)
    assert.deepEqual(timeoutsMs(configured), [connect, read], configured)
})
