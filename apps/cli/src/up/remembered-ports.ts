import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileWhole } from '../state/write-file.ts'
import type { PortName, Ports } from './ports.ts'

/** Ports of the last start of a data directory. What cannot be read is forgotten: they are a convenience. */
export function rememberedPorts(dataDirectory: string): Partial<Ports> {
  try {
    const json: unknown = JSON.parse(readFileSync(join(dataDirectory, 'ports.json'), 'utf8'))
    const entries = Object.entries(json as object).filter(([, port]) => Number.isInteger(port) && port > 0)
    return Object.fromEntries(entries) as Partial<Record<PortName, number>>
  } catch {
    return {}
  }
}

export function rememberPorts(dataDirectory: string, ports: Ports): void {
  writeFileWhole(join(dataDirectory, 'ports.json'), `${JSON.stringify(ports)}\n`)
}
