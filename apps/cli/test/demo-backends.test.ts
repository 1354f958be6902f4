import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { request } from 'undici'
import { startHttpBackend } from '../src/demo/http-backend.ts'
import { startTcpBackend } from '../src/demo/tcp-backend.ts'

test('the HTTP demo backend greets, echoes a body, sends bytes, and knows no other page', async () => {
  const backend = await startHttpBackend('127.0.0.1', 0)
  const base = `http://127.0.0.1:${backend.port}`
  try {
    const hello = await request(`${base}/hello`)
    assert.match(await hello.body.text(), /Hello from the on-premise backend/)
    const echo = await request(`${base}/echo`, { method: 'POST', body: 'abc' })
    assert.equal(await echo.body.text(), 'abc')
    const bytes = await request(`${base}/bytes?count=200000`)
    assert.equal((await bytes.body.bytes()).length, 200_000)
    for (const [path, status] of [
      ['/bytes?count=-1', 400],
      ['/other', 404],
    ] as const) {
      const answer = await request(base + path)
      await answer.body.dump()
      assert.equal(answer.statusCode, status)
    }
  } finally {
    await backend.close()
    await backend.close()
  }
})

test('the TCP demo backend returns what it gets and ends when the peer ends', async () => {
  const backend = await startTcpBackend('127.0.0.1', 0)
  try {
    const socket = connect(backend.port, '127.0.0.1')
    socket.end('some bytes')
    assert.equal(await text(socket), 'some bytes')
  } finally {
    await backend.close()
  }
})

test('a port that is taken is an error that names the port', async () => {
  const backend = await startTcpBackend('127.0.0.1', 0)
  try {
    await assert.rejects(
      startHttpBackend('127.0.0.1', backend.port),
      (thrown) => isPlatformError(thrown, 'PORT_IN_USE') && thrown.facts.port === backend.port,
    )
  } finally {
    await backend.close()
  }
})
