import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** Memory of machine and process in KB (guide L29611). In a container with a limit, the limit is the machine. */
export function memoryJson(): object {
  const limit = process.constrainedMemory()
  const total = limit > 0 && limit < totalmem() ? limit : totalmem()
  const free = total === totalmem() ? freemem() : process.availableMemory()
  const own = process.memoryUsage.rss()
  const { swapTotal, swapFree, ownSwap } = swap()
  const { heap_size_limit: heap, used_heap_size: used } = getHeapStatistics()
  return {
    physicalKB: split(total, own, free),
    virtualKB: split(total + swapTotal, own + ownSwap, free + swapFree),
    cloudConnectorHeapKB: { total: kilobytes(heap), used: kilobytes(used), free: kilobytes(heap) - kilobytes(used) },
  }
}

/** Whole numbers that add up to the total. */
function split(total: number, own: number, free: number): object {
  const all = kilobytes(total)
  const connector = Math.min(all, kilobytes(own))
  const left = Math.min(all - connector, kilobytes(free))
  return { total: all, CloudConnector: connector, others: all - connector - left, free: left }
}

function kilobytes(bytes: number): number {
  return Math.floor(bytes / 1024)
}

/** Swap space in bytes, where the operating system tells (Linux). */
function swap(): { swapTotal: number; swapFree: number; ownSwap: number } {
  const machine = textOf('/proc/meminfo')
  return {
    swapTotal: bytesIn(machine, 'SwapTotal'),
    swapFree: bytesIn(machine, 'SwapFree'),
    ownSwap: bytesIn(textOf('/proc/self/status'), 'VmSwap'),
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function bytesIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
}
