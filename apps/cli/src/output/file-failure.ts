import { PlatformError } from '@landbridge/kernel'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'you may not do this',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is no folder',
  EPERM: 'you may not do this',
  EROFS: 'it is on a disk that cannot be written',
}

/** Why a file cannot be used, in words where the system's code is a common one; `otherwise` without such a code. */
export function fileReason(thrown: unknown, otherwise: string): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined
  return code === undefined ? otherwise : (reasons[code] ?? code)
}

/** What the system refused to do with a file that the user named; undefined for every other failure. */
export function fileFailure(thrown: unknown): PlatformError | undefined {
  if (!(thrown instanceof Error)) return undefined
  // A write that fails names no file, only its opening does.
  if (!('path' in thrown) && 'code' in thrown && thrown.code === 'ENOSPC') return new PlatformError('STORE_FULL')
  if (!('path' in thrown) || typeof thrown.path !== 'string') return undefined
  if (!('code' in thrown) || reasons[String(thrown.code)] === undefined) return undefined
  // Files are written under another name first.
  const path = thrown.path.replace(/\.\d+\.new$/, '')
  return new PlatformError('CLI_FILE_UNUSABLE', { path, reason: fileReason(thrown, '') }, { cause: thrown })
}
