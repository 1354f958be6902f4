// Whatever our parsers accept, Node's HTTP parser must accept too, and read the same. Bounded by default;
// LANDBRIDGE_FUZZ=<seconds> makes each comparison for that long.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  BODY_CONTINUES,
  BodyKind,
  BodyScanner,
  Method,
  parseResponseHead,
  ResponseHead,
  responseBodyKind,
  responseLimits,
} from '../src/index.ts'
import { requestBytes, responseBytes } from './message-arbitraries.ts'
import { dechunk, headerPairs, type ReadMessage, readCut } from './read-messages.ts'

const often = runs(1_500)

/** Bodies of the requests in the order in which Node completed them. */
let completed: ReadMessage[] = []

const strict = { insecureHTTPParser: false, maxHeaderSize: 131_072, requireHostHeader: true }
const server = http.createServer(strict, (request, response) => {
  const body: Buffer[] = []
  request.on('data', (piece: Buffer) => body.push(piece))
  request.on('error', () => {})
  request.on('end', () => {
    const { method = '', url = '', rawHeaders } = request
    completed.push({ method, target: url, headers: rawHeaders, body: Buffer.concat(body).toString('latin1') })
    response.end()
  })
})
server.on('clientError', (_error, socket) => socket.destroy())
server.listen(0, '127.0.0.1')
await once(server, 'listening')

/** The response that the raw server sends next. */
let answer: Buffer = Buffer.alloc(0)
const rawServer = net.createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end(answer))
})
rawServer.listen(0, '127.0.0.1')
await once(rawServer, 'listening')

after(async () => {
  server.close()
  rawServer.close()
  await Promise.all([once(server, 'close'), once(rawServer, 'close')])
})

async function readByNode(bytes: Buffer): Promise<readonly ReadMessage[]> {
  completed = []
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  const closed = once(socket, 'close')
  socket.end(bytes)
  await closed
  return completed
}

/** Requests that change the rules of what follows, so that the two readers do not compare like with like. */
function isComparable(message: ReadMessage): boolean {
  const names = message.headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  return message.method !== 'CONNECT' && !names.includes('upgrade') && !names.includes('expect')
}

/** Methods that Node does not know are refused by it but forwarded by us; that is no ambiguity. */
const isKnown = (message: ReadMessage): boolean => http.METHODS.includes(message.method)

test('requests that we accept are read by node:http with the same method, target, headers, body and boundaries', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(requestBytes, async (bytes) => {
      const ours = readCut(bytes, []).messages
      const end = ours.findIndex((message) => !isComparable(message) || !isKnown(message))
      const compared = end < 0 ? ours : ours.slice(0, end)
      if (compared.length === 0) return
      const theirs = await readByNode(bytes)
      assert.deepEqual(theirs.slice(0, compared.length), compared)
      accepted += compared.length
    }),
    often,
  )
  assert.ok(accepted > 100, `only ${accepted} requests were compared`)
})

interface ReadResponse {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

function requestByNode(method: string): Promise<ReadResponse | undefined> {
  return new Promise((resolve) => {
    const { port } = rawServer.address() as AddressInfo
    const request = http.request({ port, host: '127.0.0.1', method, agent: false, ...strict }, (response) => {
      const body: Buffer[] = []
      response.on('data', (piece: Buffer) => body.push(piece))
      response.on('error', () => resolve(undefined))
      response.on('end', () => {
        const { statusCode = 0, rawHeaders } = response
        resolve({ status: statusCode, headers: rawHeaders, body: Buffer.concat(body).toString('latin1') })
      })
    })
    request.on('error', () => resolve(undefined))
    request.end()
  })
}

interface OurResponse extends ReadResponse {
  /** Bytes behind the response, which nobody asked for: a data plane closes the connection, Node may report an error. */
  readonly excess: number
}

/** Our reading of one response whose connection then ends; undefined if it is refused or incomplete. */
function readResponse(bytes: Buffer, method: number): OurResponse | undefined {
  const head = new ResponseHead()
  const start = parseResponseHead(bytes, 0, bytes.length, head, responseLimits)
  if (start <= 0 || head.status < 200 || head.upgrade) return undefined
  const kind = responseBodyKind(head, method)
  const scanner = new BodyScanner(responseLimits)
  scanner.reset(kind, head.contentLength)
  const scanned = scanner.scan(bytes, start, bytes.length)
  if (scanned < BODY_CONTINUES || (scanned === BODY_CONTINUES && kind !== BodyKind.close)) return undefined
  const end = scanned === BODY_CONTINUES ? bytes.length : scanned
  const raw = bytes.subarray(start, end)
  const body = kind === BodyKind.chunked ? dechunk(raw) : raw
  return {
    status: head.status,
    headers: headerPairs(bytes, head),
    body: body.toString('latin1'),
    excess: bytes.length - end,
  }
}

test('responses that we accept are read by node:http with the same status, headers and body', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(responseBytes, fc.boolean(), async (bytes, isHead) => {
      const ours = readResponse(bytes, isHead ? Method.head : Method.get)
      if (ours === undefined) return
      answer = bytes
      const theirs = await requestByNode(isHead ? 'HEAD' : 'GET')
      const { excess, ...expected } = ours
      if (excess > 0 && theirs === undefined) return
      assert.deepEqual(theirs, expected)
      accepted++
    }),
    often,
  )
  assert.ok(accepted > 100, `only ${accepted} responses were compared`)
})
