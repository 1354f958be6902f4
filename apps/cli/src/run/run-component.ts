import { pinoLog } from '@landbridge/http-api'
import { type Clock, type Closeable, type Level, type Log, systemClock } from '@landbridge/kernel'
import { openDataDirectory } from '../state/data-directory.ts'
import { lockDirectory } from '../state/lock.ts'
import { type ComponentState, type PlatformState, removeState, writeState } from '../state/state-file.ts'
import type { Terminal } from '../terminal.ts'
import { productVersion } from '../version.ts'
import { closeInTime } from './close-in-time.ts'

/** What a component's start gets besides its configuration. */
export interface ComponentEnvironment {
  readonly dataDirectory: string
  readonly clock: Clock
  readonly log: Log
  /** Writes a line among those of the log. */
  readonly writeLine: (line: string) => void
}

export interface StartedComponent extends Closeable {
  readonly components: readonly ComponentState[]
  /** PEM file that a client must trust to reach the components. */
  readonly caFile: string
  /** Where logs, traces and audit files are kept, besides standard output. */
  readonly files?: NonNullable<PlatformState['files']>
  readonly operator?: NonNullable<PlatformState['operator']>
  readonly broker?: NonNullable<PlatformState['broker']>
  readonly connector?: NonNullable<PlatformState['connector']>
  /** Resolves when `/health/ready` says so for the first time; without it, that is when it has started. */
  whenReady?(): Promise<void>
}

export interface ComponentRun {
  readonly name: string
  readonly dataDirectory: string
  readonly logLevel: Level
  /** Prints one JSON document with the addresses once ready, besides the log. */
  readonly json: boolean
  /** Where the lines of the log go instead of to standard output. */
  readonly writeLog?: (line: string) => void
  /** Called once everything has started and answers, ready or not. */
  readonly ready?: (components: readonly ComponentState[]) => void
  readonly start: (environment: ComponentEnvironment) => Promise<StartedComponent>
}

/** Runs one component until it is asked to stop: directory, lock, log on standard output, state file, drain. */
export async function runComponent(terminal: Terminal, run: ComponentRun): Promise<void> {
  const version = productVersion()
  // Files with secrets are made by several libraries: none of them shall be readable by others.
  process.umask(0o077)
  const dataDirectory = openDataDirectory(run.dataDirectory, version)
  const lock = lockDirectory(dataDirectory)
  const writeLine = (line: string): void => (run.json ? terminal.note(line) : terminal.print(line))
  const log = pinoLog(run.logLevel, { write: run.writeLog ?? ((line) => writeLine(line.trimEnd())) })
  let isStopping = false
  const stopped = new Promise<void>((resolve) =>
    terminal.onStop(() => {
      isStopping = true
      resolve()
    }),
  )
  try {
    const started = await run.start({ dataDirectory, clock: systemClock, log, writeLine })
    try {
      const { components, caFile, files, operator, broker, connector } = started
      writeState(dataDirectory, {
        format: 1,
        version,
        pid: process.pid,
        startedAt: new Date().toISOString(),
        components: [...components],
        caFile,
        componentCaFiles: [],
        hostNames: [],
        address: '127.0.0.1',
        vcapServices: {},
        ...(files === undefined ? {} : { files }),
        ...(operator === undefined ? {} : { operator }),
        ...(broker === undefined ? {} : { broker }),
        ...(connector === undefined ? {} : { connector }),
      })
      run.ready?.(components)
      if (started.whenReady !== undefined) await Promise.race([started.whenReady(), stopped])
      // Asked to stop before it could do its job, it has nothing to announce.
      if (!isStopping) {
        log.info(`${run.name}.ready`, { components: components.map(({ name, url }) => `${name} ${url}`) })
        if (run.json) terminal.print(JSON.stringify({ dataDirectory, components }))
      }
      await stopped
      log.info(`${run.name}.stopping`)
      removeState(dataDirectory)
    } finally {
      await closeInTime(started)
    }
  } finally {
    lock.release()
  }
}
