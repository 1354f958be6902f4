import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { AuditEntry, AuditEvent } from '@landbridge/connector'
import { createLog, ManualClock } from '@landbridge/kernel'
import { StreamKind } from '@landbridge/tunnel'
import { AccessRecorder } from '../src/access-recorder.ts'
import { openExchange } from './fake-cloud-proxy.ts'
import { configuration, subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'

const ofConnector = `${configuration}/connector/auditLogLevel`
const ofSubaccount = `${subaccountPath}/auditLogLevel`

test('however many requests are let through, those that are refused are recorded, and the other way round', async () => {
  const written: AuditEvent[] = []
  const suppressed: unknown[] = []
  const clock = new ManualClock()
  const trail = { record: async (_actor: string, events: readonly AuditEvent[]) => void written.push(...events) }
  const log = createLog(
    (_level, event, facts) => void (event === 'audit.requests.suppressed' && suppressed.push(facts)),
  )
  const recorder = new AccessRecorder(trail, clock, log)
  for (let n = 0; n < 300; n++)
    for (const reason of ['', 'NO_RESOURCE'])
      recorder.record({ subaccountId: 's', virtualHost: 'v', virtualPort: 80, path: `/${n}`, reason })
  clock.advance(1_000)
  await recorder.close()
  for (const category of ['Allowed', 'Denied'])
    assert.equal(written.filter((event) => event.category === category).length, 200)
  assert.deepEqual(suppressed, [{ count: 200 }])
})

test('refusals are recorded at level Security, at All every request, at Off none; the default is Security (SCC-014, RFC-174)', async () => {
  await using scene = await Scene.start()
  await scene.pair()
  const backend = createServer((_request, response) => response.end('x'))
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const address = backend.address()
  const path = await scene.expose(80, typeof address === 'object' ? (address?.port ?? 0) : 0, 'HTTP')
  const call = (method: string, at: string, json?: object) =>
    scene.connector.call(method, at, json === undefined ? {} : { json })
  await call('POST', `${path}/resources`, { id: '/open', enabled: true })
  const tunnel = await scene.openTunnel()
  /** What the trail has of one allowed and one refused request. */
  const recorded = async (isOff = false): Promise<string[]> => {
    const before = await last()
    for (const target of ['/open/a?secret=1', '/closed'])
      await openExchange(
        tunnel,
        StreamKind.http,
        'erp.virtual',
        80,
        `GET ${target} HTTP/1.1\r\nHost: erp.virtual:80\r\n\r\n`,
      ).ended
    // Written once a second, perhaps between the two: the last one of them says that both had their turn.
    for (let looks = 0; ; looks++) {
      const entries = (await trail()).filter(({ sequence }) => sequence > before)
      if (entries.some(({ category }) => category === 'Denied') || (isOff && looks > 30))
        return entries.map(({ category, object }) => `${category} ${object}`).sort()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const trail = async (): Promise<AuditEntry[]> => (await call('GET', '/api/v1/landbridge/audit')).json
  const last = async (): Promise<number> => (await trail()).at(-1)?.sequence ?? 0

  assert.deepEqual((await call('GET', ofSubaccount)).json, { auditLogLevel: 'Security' })
  assert.deepEqual((await call('GET', ofConnector)).json, { auditLogLevel: 'Security' })
  assert.deepEqual(await recorded(), ['Denied erp.virtual:80/closed'])
  assert.equal((await call('PUT', ofSubaccount, { auditLogLevel: 'ALL' })).status, 204)
  assert.deepEqual((await call('GET', ofSubaccount)).json, { auditLogLevel: 'All' })
  assert.deepEqual(await recorded(), ['Allowed erp.virtual:80/open/a', 'Denied erp.virtual:80/closed'])
  assert.equal((await call('PUT', ofSubaccount, { auditLogLevel: 'Off' })).status, 204)
  assert.deepEqual(await recorded(true), [])
  await call('PUT', path, (await call('GET', path)).json)
  await call('PUT', ofConnector, { auditLogLevel: 'Off' })
  await call('PUT', `${configuration}/connector`, { description: 'quiet' })
  await call('PUT', ofConnector, { auditLogLevel: 'Security' })
  await call('PUT', ofSubaccount, { auditLogLevel: 'Security' })
  assert.deepEqual(
    (await trail()).slice(-4).map(({ category }) => category),
    ['AuditLogLevel', 'CrossAuditLogLevel', 'CrossAuditLogLevel', 'AuditLogLevel'],
  )
  for (const json of [{ auditLogLevel: 'Loud' }, {}, { auditLogLevel: 7 }])
    assert.equal((await call('PUT', ofSubaccount, json)).status, 400)
  assert.deepEqual((await call('GET', '/api/v1/landbridge/audit/verification')).json, { intact: true })
  backend.closeAllConnections()
  backend.close()
})
