import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '@landbridge/kernel'

/** Keeps a second process out of a data directory while this one runs. */
export interface DirectoryLock {
  /** Gives the directory free. May be called twice. */
  release(): void
}

/**
 * Takes the lock of a data directory. A lock whose process is gone (killed, power loss) is taken over.
 * @throws PlatformError CLI_DATA_IN_USE naming the process that holds it.
 */
export function lockDirectory(folder: string): DirectoryLock {
  const path = join(folder, 'lock')
  // Linking a complete file is atomic: no other process ever reads a lock without its owner.
  const own = `${path}.${process.pid}`
  try {
    writeFileSync(own, identity(process.pid), { mode: 0o600 })
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryLink(own, path)) return { release: () => release(path) }
      const holder = readHolder(path)
      if (holder !== undefined && isAlive(holder))
        throw new PlatformError('CLI_DATA_IN_USE', { path: folder, pid: Number.parseInt(holder, 10) })
      if (holder !== undefined) dropStale(path, holder)
    }
    throw new PlatformError('CLI_DATA_IN_USE', { path: folder })
  } finally {
    rmSync(own, { force: true })
  }
}

function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false
    throw thrown
  }
}

/** Puts the lock of a dead process aside. One that another start took over in this moment is given back. */
function dropStale(path: string, holder: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  try {
    if (readHolder(aside) !== holder) tryLink(aside, path)
  } finally {
    rmSync(aside, { force: true })
  }
}

function release(path: string): void {
  if (readHolder(path) === identity(process.pid)) rmSync(path, { force: true })
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Process ID and start time: a process ID alone is reused, after a restart of a container almost at once. */
function identity(pid: number): string {
  return `${pid} ${startTime(pid)}`
}

function startTime(pid: number): string {
  try {
    // Field 22 of /proc/<pid>/stat (proc(5)); the second field may contain spaces and ends with the last ")".
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

function isAlive(holder: string): boolean {
  const pid = Number.parseInt(holder, 10)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
  return holder === identity(pid)
}
