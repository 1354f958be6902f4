import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { type RunningConnector, startConnector } from './running-connector.ts'

describe('the port of the administration', () => {
  const folder = temporaryFolder()
  let connector: RunningConnector
  before(async () => {
    connector = await startConnector(folder.path)
  })
  after(async () => {
    await connector.close()
    folder[Symbol.dispose]()
  })

  async function plain(request: string): Promise<string> {
    const socket = connect(Number(new URL(connector.app.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request)
    return text(socket)
  }

  test('plain HTTP gets no page and no redirection but a word about https, on whatever path; TLS goes on (SCC-009)', async () => {
    const large = `POST /api/v1/connector/version HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`
    for (const request of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', large, 'nonsense', '\0']) {
      const answer = await plain(request)
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(answer, /\r\n\r\nThis port speaks TLS only: ask for the same address with https:\/\/\.\n$/)
      assert.doesNotMatch(answer, /<html|Location|Set-Cookie/i)
    }
    assert.equal((await connector.call('GET', '/')).status, 200)
  })

  test('what starts like TLS and is none is cut off without an answer (SCC-009)', async () => {
    assert.doesNotMatch(await plain('\x16\x03\x01garbage that is no record at all'), /HTTP/)
    assert.equal((await connector.call('GET', '/')).status, 200)
  })
})
