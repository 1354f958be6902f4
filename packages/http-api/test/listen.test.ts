import assert from 'node:assert/strict'
import dns from 'node:dns'
import { connect } from 'node:net'
import { test } from 'node:test'
import { silentLog } from '@landbridge/kernel'
import { createApi, listen } from '../src/index.ts'

/** Whether somebody listens there. */
function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

test('localhost is one listener where it has two addresses: a second one would keep its first certificate for ever', async (t) => {
  // As on machines whose hosts file names both; fastify looks it up to listen on all of them.
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
  const lookup = dns.lookup
  t.mock.method(dns, 'lookup', (host: string, options: { all?: boolean }, done: (...found: unknown[]) => void) =>
    host === 'localhost' && options.all === true
      ? done(null, both)
      : lookup(host, options as dns.LookupOneOptions, done),
  )
  const api = createApi({ log: silentLog })
  t.after(() => api.close())
  const port = await listen(api, 'localhost', 0, 'port')
  assert.deepEqual(
    api.addresses().map((one) => (typeof one === 'string' ? one : one.address)),
    ['127.0.0.1'],
  )
  assert.deepEqual([await isOpen('127.0.0.1', port), await isOpen('::1', port)], [true, false])
})
