import assert from 'node:assert/strict'
import { headErrorOf, parseRequestHead, RequestHead, requestLimits } from '../src/index.ts'

/** The head that all calls reuse, as a connection does. */
export const head = new RequestHead()

/** Parses text with an offset in front, so that relative and absolute offsets cannot be confused. */
export function parse(text: string): { buffer: Buffer; result: number } {
  const buffer = Buffer.from(`##${text}##`, 'latin1')
  return { buffer, result: parseRequestHead(buffer, 2, buffer.length - 2, head, requestLimits) }
}

/** Parses a head that must be accepted. @returns its bytes, to which the offsets of `head` belong */
export function accept(text: string): Buffer {
  const { buffer, result } = parse(text)
  assert.ok(result > 0, `${JSON.stringify(text)}: ${result < 0 ? headErrorOf(result).name : 'incomplete'}`)
  assert.equal(result, buffer.length - 2)
  return buffer
}

/** The name of the error that a head is refused with. */
export function refusal(text: string): string {
  const { result } = parse(text)
  return result < 0 ? headErrorOf(result).name : result === 0 ? 'NEED_MORE' : 'accepted'
}

export const lines = (...parts: string[]): string => `${parts.join('\r\n')}\r\n\r\n`
export const withFields = (...fields: string[]): string => lines('POST http://h/ HTTP/1.1', 'Host: h', ...fields)
