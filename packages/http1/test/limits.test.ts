import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  HeadCollector,
  type HeadLimits,
  headErrorOf,
  NEED_MORE,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  requestLimits,
} from '../src/index.ts'
import { readCut } from './read-messages.ts'

const head = new RequestHead()

function verdict(text: string, limits: HeadLimits = requestLimits): string {
  const buffer = Buffer.from(text, 'latin1')
  const result = parseRequestHead(buffer, 0, buffer.length, head, limits)
  return result > 0 ? 'accepted' : result === 0 ? 'NEED_MORE' : headErrorOf(result).name
}

/** A request line of `bytes` without its CRLF. */
const lineOf = (bytes: number): string => `GET http://h/${'a'.repeat(bytes - 22)} HTTP/1.1`
const fieldOf = (bytes: number): string => `X: ${'a'.repeat(bytes - 3)}`

test('a line of exactly the limit passes and one byte more is refused with 414 or 431', () => {
  assert.equal(lineOf(8192).length, 8192)
  const host = '\r\nHost: h\r\n\r\n'
  assert.equal(verdict(lineOf(8192) + host), 'accepted')
  assert.equal(verdict(lineOf(8193) + host), 'REQUEST_LINE_TOO_LONG')
  assert.equal(verdict(`GET / HTTP/1.1\r\n${fieldOf(8192)}${host}`), 'accepted')
  assert.equal(verdict(`GET / HTTP/1.1\r\n${fieldOf(8193)}${host}`), 'HEADER_LINE_TOO_LONG')
  assert.equal(verdict(`GET / HTTP/1.1\r\n${'N'.repeat(8191)}:${host}`), 'accepted')
  assert.equal(verdict(`GET / HTTP/1.1\r\n${'N'.repeat(8192)}:${host}`), 'HEADER_LINE_TOO_LONG')
  assert.equal(verdict(`${'M'.repeat(8193)} / HTTP/1.1${host}`), 'REQUEST_LINE_TOO_LONG')
})

test('a line over the limit is refused before its end arrives', () => {
  assert.equal(verdict(lineOf(9000).slice(0, 8192)), 'NEED_MORE')
  assert.equal(verdict(lineOf(9000).slice(0, 8193)), 'REQUEST_LINE_TOO_LONG')
  assert.equal(verdict(`GET / HTTP/1.1\r\n${fieldOf(9000).slice(0, 8193)}`), 'HEADER_LINE_TOO_LONG')
})

test('too many lines and too large a head are refused, the exact limit passes', () => {
  const fields = (count: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${'A: b\r\n'.repeat(count - 1)}\r\n`
  assert.equal(verdict(fields(200)), 'accepted')
  assert.equal(verdict(fields(201)), 'TOO_MANY_HEADERS')
  const small = { maxLineBytes: 8192, maxHeadBytes: 100, maxHeaders: 200 }
  const sized = (bytes: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${fieldOf(bytes - 29)}\r\n\r\n`
  assert.equal(sized(100).length, 100)
  assert.equal(verdict(sized(100), small), 'accepted')
  assert.equal(verdict(sized(101), small), 'HEAD_TOO_LARGE')
  assert.equal(verdict(sized(200).slice(0, 100), small), 'HEAD_TOO_LARGE')
  assert.equal(verdict(sized(200).slice(0, 99), small), 'NEED_MORE')
  const tiny = new RequestHead(1)
  const text = Buffer.from(fields(2))
  assert.equal(headErrorOf(parseRequestHead(text, 0, text.length, tiny, requestLimits)).name, 'TOO_MANY_HEADERS')
})

test('limits hold when the head arrives byte by byte', () => {
  const every = (text: string): number[] => Array.from({ length: text.length }, (_, i) => i)
  const cases: readonly [string, string][] = [
    [`${lineOf(8192)}\r\nHost: h\r\n\r\n`, 'open'],
    [`${lineOf(8193)}\r\nHost: h\r\n\r\n`, 'REQUEST_LINE_TOO_LONG'],
    [lineOf(20_000), 'REQUEST_LINE_TOO_LONG'],
    [`GET / HTTP/1.1\r\n${fieldOf(8193)}\r\n\r\n`, 'HEADER_LINE_TOO_LONG'],
    [`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(12_000)}`, 'TOO_MANY_HEADERS'],
    [`GET / HTTP/1.1\r\n${`${fieldOf(8000)}\r\n`.repeat(9)}`, 'HEAD_TOO_LARGE'],
  ]
  for (const [text, end] of cases) assert.equal(readCut(Buffer.from(text), every(text)).end, end, text.slice(0, 30))
})

test('the collector stops at the end of the head and holds no more than the limit', () => {
  const limits = { maxLineBytes: 50, maxHeadBytes: 120, maxHeaders: 10 }
  const collector = new HeadCollector('request', limits)
  const text = Buffer.from('\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nBODY')
  assert.equal(collector.push(text, 0, 20), NEED_MORE)
  assert.equal(collector.push(text, 20, text.length), text.length - 4)
  assert.equal(parseRequestHead(collector.buffer, 0, collector.length, head, limits), text.length - 4)
  collector.reset()
  assert.equal(collector.length, 0)
  const endless = Buffer.from('A: b\r\n'.repeat(1000))
  assert.equal(collector.push(endless, 0, endless.length), 120)
  assert.equal(collector.length, 120)
})

test('the collector of responses takes an empty first line for the end of the head', () => {
  const response = new ResponseHead()
  const collector = new HeadCollector('response', requestLimits)
  const text = Buffer.from('\r\nHTTP/1.1 200 OK\r\n\r\n')
  assert.equal(collector.push(text, 0, 1), NEED_MORE)
  assert.equal(collector.push(text, 1, text.length), 2)
  const result = parseResponseHead(collector.buffer, 0, collector.length, response, requestLimits)
  assert.equal(headErrorOf(result).name, 'BAD_VERSION')
})
