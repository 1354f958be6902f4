import { readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { writeFileWhole } from './write-file.ts'

const componentSchema = Type.Object({
  name: Type.String(),
  /** Where its interface is, for people. */
  url: Type.String(),
  /** Answers 200 once the component can do its job. */
  readyUrl: Type.String(),
})

const filesSchema = Type.Object({
  /** What is in the file or folder, for people. */
  holds: Type.String(),
  path: Type.String(),
})

/** What a running platform tells the other commands. Holds credentials: the file has mode 0600. */
const stateSchema = Type.Object({
  format: Type.Literal(1),
  version: Type.String(),
  pid: Type.Integer(),
  startedAt: Type.String(),
  components: Type.Array(componentSchema),
  /** Certificates (PEM files) that a client must trust: the platform's CA. */
  caFile: Type.String(),
  /** Further authorities of single components, needed to ask them whether they are ready. */
  componentCaFiles: Type.Array(Type.String()),
  /** Where logs, traces and audit files are kept. */
  files: Type.Optional(Type.Array(filesSchema)),
  /** Names that lead to this machine, for `landbridge hosts` and for clients of this command line. */
  hostNames: Type.Array(Type.String()),
  address: Type.String(),
  vcapServices: Type.Record(Type.String(), Type.Array(Type.Unknown())),
  /** Where the Cloud Connector of this process tells how its subaccounts do. */
  connector: Type.Optional(Type.Object({ subaccountsUrl: Type.String(), token: Type.String() })),
  /** The operator API of the connectivity service, where this process offers it. */
  operator: Type.Optional(Type.Object({ url: Type.String(), secret: Type.String() })),
  /** The service broker, for the command line and for platforms that register it. */
  broker: Type.Optional(Type.Object({ url: Type.String(), user: Type.String(), password: Type.String() })),
})

export type PlatformState = Static<typeof stateSchema>
export type ComponentState = Static<typeof componentSchema>

function statePath(dataDirectory: string): string {
  return join(resolve(dataDirectory), 'state.json')
}

/** Writes the state for the other commands, readable by the owner only. */
export function writeState(dataDirectory: string, state: PlatformState): void {
  writeFileWhole(statePath(dataDirectory), `${JSON.stringify(state, null, 2)}\n`)
}

/** Removes what `writeState` wrote; the platform no longer runs. */
export function removeState(dataDirectory: string): void {
  rmSync(statePath(dataDirectory), { force: true })
}

/** @returns undefined when nothing was started in this directory. @throws PlatformError CLI_STATE_INVALID */
export function findState(dataDirectory: string): PlatformState | undefined {
  const path = statePath(dataDirectory)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new PlatformError('CLI_STATE_INVALID', { path, reason: String(code) }, { cause: thrown })
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('CLI_STATE_INVALID', { path, reason: 'it is not JSON' }, { cause })
  }
  const wrong = Value.Errors(stateSchema, parsed).First()
  if (wrong !== undefined)
    throw new PlatformError('CLI_STATE_INVALID', { path, reason: `${wrong.path || '/'}: ${wrong.message}` })
  return parsed as PlatformState
}

/** @throws PlatformError CLI_NOT_RUNNING, CLI_STATE_INVALID */
export function readState(dataDirectory: string): PlatformState {
  const state = findState(dataDirectory)
  if (state === undefined) throw new PlatformError('CLI_NOT_RUNNING', { path: resolve(dataDirectory) })
  return state
}
