// A database client on-premise and a database in the cloud: a service channel of the platform that `up` starts.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import {
  callJson,
  freePort,
  type JsonAnswer,
  startPlatform,
  startPostgres,
  type TestPlatform,
} from '@landbridge/testkit'
import pg from 'pg'

let platform: TestPlatform
let subaccount: string
let subaccountId: string

before(async () => {
  platform = await startPlatform()
  const [demo] = (await ask('GET', '/subaccounts')).json
  subaccountId = demo.subaccount
  subaccount = `/subaccounts/${demo.regionHost}/${subaccountId}`
})
after(() => platform?.stop())

function ask(method: string, path: string, body?: object): Promise<JsonAnswer> {
  const { name, password } = platform.credentials.connector
  return callJson({
    method,
    url: new URL(`/api/v1/configuration${path}`, platform.address('cloud-connector')),
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    ca: platform.connectorCa,
    ...(body === undefined ? {} : { body }),
  })
}

/** Creates a channel to a service of the platform's proxy, disabled. @returns its path. */
async function createChannel(k8sService: string, port: number, connections = 1): Promise<string> {
  const channel = { k8sCluster: 'tunnel.landbridge.localhost', k8sService, port, connections, comment: '' }
  const { status, text } = await ask('POST', `${subaccount}/channels/K8S`, channel)
  assert.equal(status, 201, text)
  const { json } = await ask('GET', `${subaccount}/channels/K8S`)
  const { id } = json.find((one: { port: number }) => one.port === port)
  return `${subaccount}/channels/K8S/${id}`
}

test('a PostgreSQL client reaches a database in the cloud through a channel, as soon as the mapping exists (API2-155, API2-136, RFC-177, OPS-041)', async (t) => {
  const database = await startPostgres()
  if ('unavailable' in database) return t.skip(database.unavailable)
  const port = await freePort()
  const channel = await createChannel('orders-db', port, 2)
  const refused = await ask('PUT', `${channel}/state`, { enabled: true })
  assert.deepEqual([refused.status, refused.json.type], [500, 'RUNTIME_FAILURE'])
  assert.match(refused.json.message, /CHANNEL_NO_MAPPING/)

  const mapping = `apiVersion: connectivityproxy.sap.com/v1
kind: ServiceMapping
metadata:
  name: orders-db
spec:
  type: TCP
  subaccountId: ${subaccountId}
  serviceId: orders-db
  internalAddress: ${new URL(database.url).host}
`
  writeFileSync(`${platform.dataDirectory}/service-mappings.yaml`, mapping)
  let enabled = await ask('PUT', `${channel}/state`, { enabled: true })
  while (enabled.status === 500) enabled = await ask('PUT', `${channel}/state`, { enabled: true })
  assert.equal(enabled.status, 204, enabled.text)

  const url = new URL(database.url)
  url.host = `127.0.0.1:${port}`
  const pool = new pg.Pool({ connectionString: url.href, max: 8 })
  // The pool does not wait until its goodbyes have arrived: the database may tell a client that it goes. Whatever goes
  // wrong before that rejects a query.
  pool.on('error', () => {})
  t.after(async () => {
    await pool.end()
    await database.stop()
  })
  await pool.query('create table orders (id int primary key, note text)')
  await Promise.all(
    Array.from({ length: 40 }, (_, id) => pool.query('insert into orders values ($1, $2)', [id, 'x'.repeat(100_000)])),
  )
  const { rows } = await pool.query('select count(*)::int as orders, sum(length(note))::int as bytes from orders')
  assert.deepEqual(rows, [{ orders: 40, bytes: 4_000_000 }])
  const whole = await pool.query('select note from orders')
  assert.ok(whole.rows.every(({ note }) => note === 'x'.repeat(100_000)))
  const { json } = await ask('GET', channel)
  assert.deepEqual([json.state.connected, json.state.openedConnections], [true, 2])
  const status = await ask('GET', subaccount)
  assert.deepEqual(status.json.tunnel.serviceChannels, [
    { type: 'K8S', state: 'Connected', details: `${port}: tunnel.landbridge.localhost/orders-db`, comment: '' },
  ])
})

test('the demo service is there without any mapping of one’s own', async () => {
  const port = await freePort()
  const channel = await createChannel('demo-echo', port)
  assert.equal((await ask('PUT', `${channel}/state`, { enabled: true })).status, 204)
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end('hello')
  let text = ''
  for await (const part of socket.setEncoding('utf8')) text += part
  assert.equal(text, 'hello')
})
