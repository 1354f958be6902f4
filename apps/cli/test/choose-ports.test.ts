import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { freePort } from '@landbridge/testkit'
import { choosePorts } from '../src/up/choose-ports.ts'

async function occupied(): Promise<{ port: number; server: Server }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server }
}

test('a default port that is taken moves to a free one, and the move is told', async () => {
  const { port, server } = await occupied()
  try {
    const { ports, moved } = await choosePorts('127.0.0.1', [{ name: 'proxy', port, isExplicit: false }])
    assert.notEqual(ports.proxy, port)
    assert.deepEqual(moved, [{ name: 'proxy', from: port, to: ports.proxy }])
  } finally {
    server.close()
  }
})

test('a port that somebody chose never moves: it is an error that names the option', async () => {
  const { port, server } = await occupied()
  try {
    await assert.rejects(
      choosePorts('127.0.0.1', [{ name: 'backendHttp', port, isExplicit: true }]),
      (thrown) => isPlatformError(thrown, 'PORT_IN_USE') && thrown.facts.setting === '--port-backend-http',
    )
  } finally {
    server.close()
  }
})

test('two listeners never get the same port, and a port that moved last time is kept', async () => {
  const port = await freePort()
  const last = await freePort()
  const { ports } = await choosePorts(
    '127.0.0.1',
    [
      { name: 'proxy', port, isExplicit: false },
      { name: 'socks', port, isExplicit: false },
      { name: 'tunnel', port: 8042, isExplicit: false },
      { name: 'token', port: 0, isExplicit: true },
    ],
    { tunnel: last },
  )
  assert.equal(new Set(Object.values(ports)).size, 4)
  assert.equal(ports.proxy, port)
  assert.equal(ports.tunnel, last)
  assert.ok(ports.token > 0)
})
