import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { runCommand } from './children.ts'
import { findExecutable } from './executables.ts'
import { cpuSeconds, ticksPerSecond } from './process-usage.ts'

/** What a reader must know to judge the figures. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  /** Share of all cores that others used while the benchmark was idle, 0 to 1: above 0.1 the figures are noisy. */
  readonly busyBefore: number
  readonly loadAverage: number
}

/**
 * Starts watching what others do on this machine.
 * @returns a function that tells their share of all processor time since then, 0 to 1
 */
export function watchOthers(): () => number {
  const before = processorTicks()
  const ownBefore = cpuSeconds(process.pid)
  return () => {
    const after = processorTicks()
    const ownTicks = (cpuSeconds(process.pid) - ownBefore) * ticksPerSecond
    const share = (after.busy - before.busy - ownTicks) / Math.max(1, after.total - before.total)
    return Math.max(0, Math.round(share * 100) / 100)
  }
}

/** Describes this machine; watches for half a second what others do on it. */
export async function describeMachine(): Promise<Machine> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    busyBefore: await busyShare(500),
    loadAverage: loadavg()[0] ?? 0,
  }
}

/** Versions of the programs that take part; a missing one is left out. */
export async function describeVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = { node: process.version.slice(1) }
  const asked: readonly (readonly [string, string, RegExp])[] = [
    ['haproxy', '-v', /version ([\d.]+)/],
    ['nginx', '-v', /nginx\/([\d.]+)/],
    ['stunnel', '-version', /stunnel ([\d.]+)/],
    ['ssh', '-V', /OpenSSH_([\w.]+)/],
    ['openssl', 'version', /OpenSSL ([\w.]+)/],
  ]
  for (const [name, flag, pattern] of asked) {
    const path = findExecutable(name)
    if (path === undefined) continue
    const found = pattern.exec(await runCommand(path, [flag]).catch(String))?.[1]
    if (found !== undefined) versions[name] = found
  }
  return versions
}

/** How to get the missing peers on the usual distributions. */
export function installHint(packages: readonly string[]): string {
  return `Debian, Ubuntu: apt-get install -y ${packages.join(' ')}; macOS: brew install ${packages.join(' ')}`
}

/** Share of processor time used by anyone during `ms` milliseconds. */
async function busyShare(ms: number): Promise<number> {
  const before = processorTicks()
  await new Promise((resolve) => setTimeout(resolve, ms))
  const after = processorTicks()
  const total = after.total - before.total
  return total === 0 ? 0 : Math.round(((after.busy - before.busy) / total) * 100) / 100
}

function processorTicks(): { busy: number; total: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const total = ticks.reduce((sum, tick) => sum + tick, 0)
  return { busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0), total }
}
