import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { freePort } from '@landbridge/testkit'
import { choosePorts, startOnChosenPorts } from '../src/up/choose-ports.ts'

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

test('a free port that somebody else takes before it is listened on is chosen anew', async () => {
  const tried: number[] = []
  const rivals: Server[] = []
  const listening = await startOnChosenPorts(
    '127.0.0.1',
    [{ name: 'connectivity', port: 0, isExplicit: true }],
    {},
    async ({ connectivity }) => {
      tried.push(connectivity)
      if (tried.length === 1) rivals.push(await listenOn(connectivity))
      return listenOn(connectivity)
    },
  )
  for (const server of [listening, ...rivals]) server.close()
  assert.equal(tried.length, 2)
  assert.notEqual(tried[0], tried[1])
})

test('a port that somebody insists on is tried once, and the error names its option', async () => {
  let starts = 0
  await assert.rejects(
    startOnChosenPorts('127.0.0.1', [{ name: 'proxy', port: await freePort(), isExplicit: true }], {}, ({ proxy }) => {
      starts++
      throw new PlatformError('PORT_IN_USE', { host: '127.0.0.1', port: proxy, setting: 'servers.proxy.http.port' })
    }),
    (thrown) => isPlatformError(thrown, 'PORT_IN_USE') && thrown.facts.setting === '--port-proxy',
  )
  assert.equal(starts, 1)
})

async function listenOn(port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new PlatformError('PORT_IN_USE', { port }, { cause })))
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}
