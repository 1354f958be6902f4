import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, PlatformError } from '@landbridge/kernel'
import { TunnelTable } from '@landbridge/proxy'

const address = { host: '127.0.0.1', port: 1, serverName: 'localhost', proxyId: 'p', displayName: 'p' }

test('callers that wait for the same tunnel cause one opening, which fails after ten seconds', async () => {
  const clock = new ManualClock()
  let asked = 0
  const table = new TunnelTable({ requestTunnel: async () => void asked++ }, address, clock)
  const waiting = Promise.allSettled([1, 2, 3].map(() => table.group('acme', '').acquire('')))
  assert.equal(asked, 1)
  clock.advance(10_000)
  for (const result of await waiting) {
    assert.equal(result.status, 'rejected')
    assert.equal(result.reason.code, 'TUNNEL_OPEN_FAILED')
  }
})

test('absence is remembered for one second, and forgotten when a connector appears', async () => {
  const clock = new ManualClock()
  let asked = 0
  const requestTunnel = async (): Promise<void> => {
    asked++
    throw new PlatformError('CONNECTOR_NOT_CONNECTED', { subaccountId: 'acme', locationId: '' })
  }
  const table = new TunnelTable({ requestTunnel }, address, clock)
  const ask = () => assert.rejects(table.group('acme', '').acquire(''), { code: 'CONNECTOR_NOT_CONNECTED' })
  await ask()
  await ask()
  assert.equal(asked, 1)
  clock.advance(1_000)
  await ask()
  assert.equal(asked, 2)
  table.connectorConnected('acme', '', 'c1')
  await ask()
  assert.equal(asked, 3)
})
