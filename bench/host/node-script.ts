import { fileURLToPath } from 'node:url'
import { nodeFlagsOf } from '../../bin/node-flags.mjs'
import { startChild } from './children.ts'

/** A script of bench/processes that said it is ready. */
export interface NodeScript {
  readonly pid: number
  /** What it printed: one line of JSON. */
  readonly ready: Readonly<Record<string, unknown>>
  lastWords(): string
  stop(): Promise<void>
}

/** What the scripts stand for, for the launcher. */
const commands: Readonly<Record<string, string>> = { 'cloud.ts': 'proxy', 'agent.ts': 'connector' }

/** Starts a script of bench/processes with this Node, as the launcher starts it, and waits for its line of JSON. */
export async function startNodeScript(name: string, args: readonly string[]): Promise<NodeScript> {
  const file = fileURLToPath(new URL(`../processes/${name}`, import.meta.url))
  const child = startChild(process.execPath, [...nodeFlagsOf(commands[name]), file, ...args], {
    ...process.env,
    NODE_ENV: 'production',
  })
  const ready = JSON.parse(await child.nextLine()) as Readonly<Record<string, unknown>>
  return { pid: child.pid, ready, lastWords: child.lastWords, stop: child.stop }
}
