import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '@landbridge/kernel'

/**
 * The four-eyes principle (guide L28964): where the file `writeHexDump` exists, its owner, another user of the machine,
 * has to allow payload traces. A file that this process could have written proves no second pair of eyes.
 * @throws PlatformError CONNECTOR_TRACE_FORBIDDEN
 */
export function requireTracePermission(configDirectory: string): void {
  const file = join(configDirectory, 'writeHexDump')
  const refuse = (reason: string): PlatformError => new PlatformError('CONNECTOR_TRACE_FORBIDDEN', { file, reason })
  let text: string
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found === undefined) return
    if (found.uid === process.getuid?.()) throw refuse('it belongs to the user of this process')
    if (sharesGroup(found.uid)) throw refuse('its owner is in the group of the user of this process')
    if (isWritable(file)) throw refuse('the user of this process can write to it')
    text = readFileSync(file, 'utf8')
  } catch (failure) {
    if (failure instanceof PlatformError) throw failure
    throw refuse('it cannot be read')
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  if (!lines.includes('allowed=true') || lines.includes('allowed=false')) throw refuse('it does not say allowed=true')
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Whether a user of this machine is in the main group of this process, root aside: it is in none by name. */
function sharesGroup(uid: number): boolean {
  const own = process.getgid?.()
  if (own === undefined || uid === 0) return false
  const fields = (path: string): string[][] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  const user = fields('/etc/passwd').find(([, , id]) => id === String(uid))
  const members = fields('/etc/group').find(([, , id]) => id === String(own))?.[3] ?? ''
  return user?.[3] === String(own) || members.split(',').includes(user?.[0] ?? '-')
}
