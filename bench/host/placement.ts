import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findExecutable } from './executables.ts'
import { family } from './process-usage.ts'

/** The processes that a request passes, in this order. */
const chain = ['load', 'cloud', 'connector', 'backend'] as const
export type Role = (typeof chain)[number]

/**
 * Where processes run. `apart`: two that talk to each other never share a processor, everybody else does; `free`: as the
 * kernel decides from one moment to the next; `together`: all on one processor, so that none has to be woken from its sleep.
 */
export type Placement = 'apart' | 'free' | 'together'

const taskset = findExecutable('taskset')
const allowed = allowedProcessors(readFileSync('/proc/self/status', 'utf8'))

/** Why processes cannot be placed here, or undefined. */
export function cannotPlace(): string | undefined {
  if (taskset === undefined) return 'taskset is not installed (util-linux): the kernel decides where processes run'
  return allowed.length < 2 ? 'there is one processor only' : undefined
}

/** The processors for a role, as taskset wants to read them; undefined where nothing can be placed. */
export function processorsFor(role: Role, placement: Placement): string | undefined {
  return cannotPlace() === undefined ? listFor(role, placement, allowed) : undefined
}

/** The same for a given list of processors. */
export function listFor(role: Role, placement: Placement, processors: readonly number[]): string {
  if (placement === 'free') return processors.join(',')
  return String(processors[placement === 'together' ? 0 : chain.indexOf(role) % processors.length])
}

/** Moves a process, its threads and what it forked. */
export function place(pid: number, role: Role, placement: Placement): void {
  const processors = processorsFor(role, placement)
  if (processors === undefined || taskset === undefined) return
  for (const member of family(pid)) spawnSync(taskset, ['-a', '-p', '-c', processors, String(member)])
}

/** A command that begins where its role belongs. */
export function placed(
  role: Role,
  placement: Placement,
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  const processors = processorsFor(role, placement)
  if (processors === undefined || taskset === undefined) return { command, args }
  return { command: taskset, args: ['-c', processors, command, ...args] }
}

/** The processors that this process may use, from the text of /proc/self/status (proc(5), Cpus_allowed_list). */
export function allowedProcessors(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]
  return (list?.split(',') ?? []).flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    if (first === undefined || last === undefined || Number.isNaN(first) || Number.isNaN(last)) return []
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
