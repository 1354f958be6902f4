import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Linux reports processor time in ticks of 10 ms (sysconf CLK_TCK, 100 on every supported platform). */
export const ticksPerSecond = 100

/** Seconds of processor time that a process and everything it forked have used so far. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const member of family(pid)) ticks += ticksOf(member)
  return ticks / ticksPerSecond
}

/** Peak resident memory in bytes since the last reset, summed over a process and what it forked. */
export function peakMemoryBytes(pid: number): number {
  let bytes = 0
  for (const member of family(pid)) bytes += statusBytes(member, 'VmHWM')
  return bytes
}

/** Resident memory in bytes now, summed over a process and what it forked. */
export function memoryBytes(pid: number): number {
  let bytes = 0
  for (const member of family(pid)) bytes += statusBytes(member, 'VmRSS')
  return bytes
}

/** Starts a new peak (proc(5), clear_refs). Where that is forbidden the peak since the start remains. */
export function resetPeakMemory(pid: number): void {
  for (const member of family(pid)) {
    try {
      writeFileSync(`/proc/${member}/clear_refs`, '5')
    } catch {
      // The older, higher peak is reported then: never flattering.
    }
  }
}

/** A process and everything below it. */
export function family(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const parent = Number(statFields(pid)?.[1])
    if (Number.isInteger(parent)) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const members = [root]
  for (const member of members) members.push(...(children.get(member) ?? []))
  return members
}

/** The fields of /proc/<pid>/stat from the state on: the command before it may contain spaces. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** User and system time of a process and of the children it has waited for. */
function ticksOf(pid: number): number {
  const fields = statFields(pid)
  if (fields === undefined) return 0
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0)
}

function statusBytes(pid: number, key: string): number {
  const line = read(`/proc/${pid}/status`)
    ?.split('\n')
    .find((candidate) => candidate.startsWith(`${key}:`))
  return line === undefined ? 0 : Number.parseInt(line.slice(key.length + 1), 10) * 1024
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
