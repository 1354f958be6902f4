import { isPlatformError, PlatformError } from '@landbridge/kernel'

/** SQLite: SQLITE_FULL, and SQLITE_IOERR_SHMSIZE for the index of the write-ahead log. PostgreSQL: disk_full. */
const fullDisk = new Set<unknown>(['ENOSPC', 'EDQUOT', '53100', 13, 4_874])
const unique = new Set<unknown>(['23505', 1555, 2067])

const orphan = new Set<unknown>(['23503', 787])

/** The code of a driver's error: `errcode` for SQLite (extended result code), SQLSTATE or errno name otherwise. */
function driverCode(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  return 'errcode' in thrown ? thrown.errcode : 'code' in thrown ? thrown.code : undefined
}

/** True when a write failed because a row with the same key exists. */
export function isDuplicate(thrown: unknown): boolean {
  return unique.has(driverCode(thrown))
}

/** True when a write failed because the row that it belongs to is not there, or no longer. */
export function isOrphan(thrown: unknown): boolean {
  return orphan.has(driverCode(thrown))
}

/** Throws what a driver threw again, a full disk in the words of the catalogue: any write of any area may meet it. */
export function rethrow(thrown: unknown): never {
  throw fullDisk.has(driverCode(thrown)) ? new PlatformError('STORE_FULL', {}, { cause: thrown }) : thrown
}

/** Translates what a database driver threw into the catalogue; platform errors pass through. */
export function toStoreError(thrown: unknown): PlatformError {
  if (isPlatformError(thrown)) return thrown
  return new PlatformError(fullDisk.has(driverCode(thrown)) ? 'STORE_FULL' : 'STORE_FAILED', {}, { cause: thrown })
}
