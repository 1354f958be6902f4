import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { ManualClock, PlatformError, systemClock } from '@landbridge/kernel'
import { TunnelTable } from '@landbridge/proxy'
import { Session, type StreamSink } from '@landbridge/tunnel'

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

/** Both ends of a tunnel over loopback; the far end takes every stream and lets it be. */
async function tunnel(closings: (() => void)[]): Promise<{ readonly near: Session; readonly far: Session }> {
  const listener = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  const options = { clock: systemClock, closed: () => {} }
  const near = new Session(accepted, { ...options, role: 'server', accept: () => null })
  const far = new Session(socket, { ...options, role: 'client', accept: () => idle })
  closings.push(
    () => far.destroy(),
    () => near.destroy(),
  )
  return { near, far }
}

function closeAll(closings: readonly (() => void)[]): void {
  for (const close of closings) close()
}

const idle: StreamSink = { streamData() {}, streamEnd() {}, streamReset() {}, streamDrain() {} }

function named(session: Session, connectorId: string, ticket: string) {
  return { session, connectorId, fingerprint: connectorId, ticket, openedAtMs: 0 }
}

test('the tunnel with the fewest open streams is picked, equals take turns, and one that drains is not picked', async (context) => {
  const closings: (() => void)[] = []
  context.after(() => closeAll(closings))
  const group = new TunnelTable({ requestTunnel: async () => {} }, address, new ManualClock()).group('acme', '')
  assert.equal(group.pick(), null)
  const [a, b] = [await tunnel(closings), await tunnel(closings)]
  group.add(named(a.near, 'a', 't1'))
  group.add(named(b.near, 'b', 't1'))
  const turns = Array.from({ length: 4 }, () => group.pick())
  assert.deepEqual([turns[0] === turns[1], turns[0] === turns[2], turns[1] === turns[3]], [false, true, true])
  const first = a.near.open(idle)
  assert.equal(group.pick(), b.near)
  b.near.open(idle)
  b.near.open(idle)
  assert.equal(group.pick(), a.near)
  first.reset()
  a.near.drain()
  assert.equal(group.pick(), b.near)
  b.near.destroy()
  assert.equal(group.pick(), null)
  group.remove(a.near)
  group.remove(b.near)
  group.remove(b.near)
  assert.equal(group.tunnels.length, 0)
})

test('a connector that answers a later opening replaces its tunnels gently: open streams live on', async (context) => {
  const closings: (() => void)[] = []
  context.after(() => closeAll(closings))
  const group = new TunnelTable({ requestTunnel: async () => {} }, address, new ManualClock()).group('acme', '')
  const [old, sibling, other, fresh] = [
    await tunnel(closings),
    await tunnel(closings),
    await tunnel(closings),
    await tunnel(closings),
  ]
  group.add(named(old.near, 'a', 't1'))
  const stream = old.near.open(idle)
  group.add(named(sibling.near, 'a', 't1'))
  group.add(named(other.near, 'b', 't1'))
  assert.ok(old.near.isUsable && sibling.near.isUsable && other.near.isUsable)
  group.add(named(fresh.near, 'a', 't2'))
  assert.deepEqual(
    [old, sibling, other, fresh].map((one) => one.near.isUsable),
    [false, false, true, true],
  )
  assert.ok(stream.isOpen)
})

test('who waits for a tunnel gets the one that arrives, and the failure of the service where none can', async (context) => {
  const closings: (() => void)[] = []
  context.after(() => closeAll(closings))
  let failure: PlatformError | null = null
  const requestTunnel = async (): Promise<void> => {
    if (failure !== null) throw failure
  }
  const group = new TunnelTable({ requestTunnel }, address, new ManualClock()).group('acme', '')
  const waiting = [group.acquire(''), group.acquire('')]
  assert.ok(group.isOpening)
  const { near } = await tunnel(closings)
  group.add(named(near, 'a', 't1'))
  assert.deepEqual(await Promise.all(waiting), [near, near])
  assert.equal(await group.acquire(''), near)
  group.remove(near)
  failure = new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE')
  await assert.rejects(group.acquire(''), { code: 'CONNECTIVITY_SERVICE_UNREACHABLE' })
  failure = null
  const later = group.acquire('')
  group.add(named(near, 'a', 't2'))
  assert.equal(await later, near)
})
