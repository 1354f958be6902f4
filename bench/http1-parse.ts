// Time per head of the HTTP/1.1 parsers: `node bench/http1-parse.ts`. Prints the median of nine rounds after warm-up.
import {
  BodyKind,
  BodyScanner,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  requestLimits,
  responseLimits,
} from '../packages/http1/src/index.ts'

const rounds = 9
const calls = 200_000

function requestOf(bytes: number): Buffer {
  const lines = [
    'GET http://erp.virtual:1234/sap/opu/odata/sap/API_BUSINESS_PARTNER?$top=10 HTTP/1.1',
    'Host: erp.virtual:1234',
    'User-Agent: axios/1.7.9',
    'Accept: application/json, text/plain, */*',
    'Accept-Encoding: gzip, compress, deflate, br',
    'SAP-Connectivity-SCC-Location_ID: plant1',
    'Connection: keep-alive',
  ]
  const fixed = `${lines.join('\r\n')}\r\nProxy-Authorization: Bearer \r\n\r\n`.length
  lines.splice(2, 0, `Proxy-Authorization: Bearer ${'eyJhbGciOiJSUzI1NiJ9'.repeat(400).slice(0, bytes - fixed)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

const response = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Server: nginx/1.26.2',
    'Date: Sat, 21 Nov 2026 10:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    'Content-Length: 120',
    'Connection: keep-alive',
    'ETag: "67d2-5f0"',
    '\r\n',
  ].join('\r\n'),
)

const chunks = Buffer.from(`${`400\r\n${'x'.repeat(1024)}\r\n`.repeat(16)}0\r\n\r\n`)

function measure(name: string, bytes: number, call: () => number): void {
  const times: number[] = []
  let allocated = 0
  for (let round = -3; round < rounds; round++) {
    const heap = process.memoryUsage().heapUsed
    const begin = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) if (call() <= 0) throw new Error(`${name} was refused`)
    if (round >= 0) times.push(Number(process.hrtime.bigint() - begin) / calls)
    allocated = (process.memoryUsage().heapUsed - heap) / calls
  }
  const median = times.sort((a, b) => a - b)[rounds >> 1]!
  const columns = [
    String(bytes).padStart(6),
    'bytes',
    median.toFixed(0).padStart(7),
    'ns',
    allocated.toFixed(1).padStart(6),
  ]
  console.log(`${name.padEnd(42)} ${columns.join(' ')} bytes allocated`)
}

const requestHead = new RequestHead()
for (const bytes of [400, 1500, 4000]) {
  const request = requestOf(bytes)
  const run = (): number => parseRequestHead(request, 0, request.length, requestHead, requestLimits)
  measure('request head', request.length, run)
}
const responseHead = new ResponseHead()
measure('response head', response.length, () =>
  parseResponseHead(response, 0, response.length, responseHead, responseLimits),
)
const scanner = new BodyScanner(requestLimits)
measure('chunked body, 16 chunks of 1 KiB', chunks.length, () => {
  scanner.reset(BodyKind.chunked, 0)
  return scanner.scan(chunks, 0, chunks.length)
})
