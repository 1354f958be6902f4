import { copyBytes } from './copy-bytes.ts'
import type { MessageHead } from './message-head.ts'

/** What to do with a header line when a head is passed on, by its identity: an entry of 0 keeps the line. */
export type FieldFilter = Uint8Array

/** A filter that leaves out the given header identities. */
export function leaveOut(ids: readonly number[]): FieldFilter {
  const filter = new Uint8Array(256)
  for (const id of ids) filter[id] = 1
  return filter
}

/**
 * Copies the header lines of a parsed head to `target` at `at`, without those that the filter leaves out and without
 * those that Connection names (RFC 9110 section 7.6.1). Order, case and duplicates stay. Neighbouring lines are copied
 * together. Returns the offset behind the copy; the caller has made room for `fieldsEnd - nameStart[0]` bytes.
 * @param from begin of what stands right in front of the lines and is copied with them: as a rule the first line.
 */
export function copyFields(
  source: Buffer,
  head: MessageHead,
  filter: FieldFilter,
  target: Buffer,
  at: number,
  from: number = head.fieldsStart,
): number {
  const { headerId, headerCount, nameStart, lineEnd, hasListedFields } = head
  let runStart = from
  let runEnd = head.fieldsStart
  let to = at
  for (let i = 0; i < headerCount; i++) {
    if (filter[headerId[i]!] === 0 && !(hasListedFields && head.isConnectionListed(i))) {
      if (runStart < 0) runStart = nameStart[i]!
      runEnd = lineEnd[i]!
      continue
    }
    if (runStart < 0) continue
    to = copyBytes(source, runStart, runEnd, target, to)
    runStart = -1
  }
  return runStart < 0 ? to : copyBytes(source, runStart, runEnd, target, to)
}
