import { Readable } from 'node:stream'
import { PlatformError } from '@landbridge/kernel'

/** Deeper than any document of ours; what walks a body by recursion, `JSON.stringify` among it, ends far below. */
const deepest = 64

/**
 * Refuses what no service can keep: a NUL in a text, which PostgreSQL does not store, and nesting without end. Binary
 * bodies are bytes, not text, and are left alone.
 * @throws PlatformError REQUEST_INVALID with the part of the request
 */
export function assertPlainInput(request: { params: unknown; query: unknown; body: unknown }): void {
  assertPlain('path', request.params)
  assertPlain('query', request.query)
  assertPlain('body', request.body)
}

/** Without recursion: a megabyte of brackets is deeper than the stack. */
function assertPlain(field: string, whole: unknown): void {
  const open: { value: unknown; depth: number }[] = [{ value: whole, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value === 'string') assertText(field, value)
    if (typeof value !== 'object' || value === null) continue
    if (depth === deepest)
      throw new PlatformError('REQUEST_INVALID', { field, reason: `it is nested deeper than ${deepest} levels` })
    for (const [name, member] of membersOf(value)) {
      assertText(field, name)
      open.push({ value: member, depth: depth + 1 })
    }
  }
}

function membersOf(value: object): Iterable<readonly [string, unknown]> {
  // Bytes and streams have members as well, but none from the caller.
  if (ArrayBuffer.isView(value) || value instanceof Readable) return []
  if (value instanceof URLSearchParams) return value
  return Object.entries(value)
}

function assertText(field: string, text: string): void {
  if (text.includes('\0'))
    throw new PlatformError('REQUEST_INVALID', { field, reason: 'a NUL character is not allowed' })
}
