import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { ManualClock, Secret } from '@landbridge/kernel'
import { isSignedAlert, signatureHeader } from '@landbridge/notifications'
import { newTenant, openReplica, type Replica, renewedEvent, until } from './landscape.ts'

const database = () => 'sqlite::memory:'
const secret = new Secret('the key of the signature')
const allowed = { webhooks: { privateAddresses: 'allow' as const } }

/** A receiver of alerts that answers with the given statuses, the last one for ever. */
async function startReceiver(...statuses: readonly number[]) {
  const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body })
      const status = statuses[Math.min(received.length, statuses.length) - 1] ?? 204
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

async function addWebhook({ store }: Replica, subaccountId: string, url: string): Promise<void> {
  await store.insertWebhook({ id: `hook-${subaccountId}`, subaccountId, url, createdAtMs: 0 }, secret)
}

test('events of certificates go to webhooks, signed, and again until the receiver takes them (CERT-017)', async () => {
  const receiver = await startReceiver(500, 302, 200)
  const clock = new ManualClock()
  const replica = await openReplica(database(), clock)
  const { id } = await newTenant(replica)
  await addWebhook(replica, id, receiver.url)
  const event = renewedEvent(id)
  await replica.record(event)
  const job = replica.start(allowed)
  for (const attempts of [1, 2]) {
    const [delivery] = await until(replica, (all) => (all[0]?.attempts ?? 0) >= attempts)
    assert.equal(delivery?.state, 'pending')
    clock.advance(900_000)
  }
  await until(replica, (all) => all[0]?.state === 'sent')
  assert.equal(receiver.received.length, 3)
  assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1)
  const { headers, body } = receiver.received[2]!
  assert.ok(isSignedAlert(secret, body, String(headers[signatureHeader]), clock.now()))
  const alert = JSON.parse(body) as Readonly<Record<string, unknown>>
  assert.equal(alert.type, 'certificate.renewed')
  assert.equal((alert.certificate as { readonly fingerprint: string }).fingerprint, event.certificate.fingerprint)
  assert.equal((alert.previous as { readonly fingerprint: string }).fingerprint, event.previous?.fingerprint)
  await job.close()
  await replica.close()
  await receiver.close()
})

test('alerts do not go to private networks unless the operator names them, nor to a receiver that is gone', async () => {
  const receiver = await startReceiver(410)
  const clock = new ManualClock()
  const replica = await openReplica(database(), clock)
  const tenants = [await newTenant(replica), await newTenant(replica)]
  await addWebhook(replica, tenants[0]!.id, receiver.url)
  await addWebhook(replica, tenants[1]!.id, receiver.url.replace('127.0.0.1', 'localhost'))
  for (const { id } of tenants) await replica.record(renewedEvent(id))
  const closed = replica.start()
  const refused = await until(replica, (all) => all.length === 2 && all.every(({ attempts }) => attempts === 1))
  for (const { state, problem } of refused) {
    assert.equal(state, 'pending')
    assert.match(problem ?? '', /private/)
  }
  assert.deepEqual(receiver.received, [])
  await closed.close()
  clock.advance(900_000)
  const open = replica.start({ webhooks: { allow: ['localhost', '127.0.0.0/8'] } })
  const gone = await until(replica, (all) => all.every(({ state }) => state === 'failed'))
  assert.ok(gone.every(({ problem }) => problem?.includes('410')))
  await open.close()
  await replica.close()
  await receiver.close()
})
