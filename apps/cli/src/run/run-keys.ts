import { existsSync } from 'node:fs'
import { PlatformError } from '@landbridge/kernel'
import { type ChangedPart, countPart, reseal, rotate } from '../keys/change-key.ts'
import { findParts, type KeyComponent, type PartOptions } from '../keys/find-parts.ts'
import { isShared, type SealedPart, sealerOf } from '../keys/sealed-part.ts'
import { table } from '../output/table.ts'
import { openDataDirectory } from '../state/data-directory.ts'
import { lockDirectory } from '../state/lock.ts'
import type { Terminal } from '../terminal.ts'
import { productVersion } from '../version.ts'

export interface KeysOptions extends PartOptions {
  readonly json?: boolean
  readonly keepFormer?: boolean
}

const progressPeriodMs = 1_000

/** Shows the IDs of the sealing keys and how many values need each. */
export async function runKeysList(terminal: Terminal, component: KeyComponent | undefined, options: KeysOptions) {
  const parts = []
  for (const part of await findParts(terminal, component, options)) parts.push(await listed(part))
  if (options.json) {
    terminal.print(JSON.stringify({ parts }))
    return
  }
  const rows = parts.flatMap(({ part, keys }) => keys.map(({ id, use, values }) => [part, id, use, String(values)]))
  terminal.print(table([['PART', 'KEY', 'USE', 'VALUES'], ...rows], ''))
  for (const { part, source, unreadable } of parts) {
    terminal.print(`${part}: keys from ${source}`)
    if (unreadable > 0) terminal.print(`${part}: ${unreadable} values name no key, and none of these opens them`)
  }
}

async function listed(part: SealedPart) {
  const sealer = sealerOf(part)
  const { byKey, unreadable } = await countPart(part, sealer)
  const own = sealer.keyIds.map((id, index) => ({ id, use: index === 0 ? 'seals' : 'opens' }))
  const missing = [...byKey.keys()].filter((id) => !sealer.keyIds.includes(id)).map((id) => ({ id, use: 'missing' }))
  return {
    part: part.name,
    source: part.keyFile ?? part.setting,
    keys: [...own, ...missing].map((key) => ({ ...key, values: byKey.get(key.id) ?? 0 })),
    unreadable,
  }
}

/** Makes new keys, seals everything again and drops the former keys. @returns false when a value could not be sealed */
export async function runKeysRotate(
  terminal: Terminal,
  component: KeyComponent | undefined,
  options: KeysOptions,
): Promise<boolean> {
  const parts = await findParts(terminal, component, options)
  // Before anything is changed, also where another part could be rotated.
  for (const { keyFile, setting, isDatabaseUnclear, dataDirectory } of parts) {
    if (keyFile === undefined) throw new PlatformError('CLI_KEY_CONFIGURED', { setting })
    // A key is dropped only where it is certain that nothing needs it.
    if (isDatabaseUnclear && options.keepFormer !== true)
      throw new PlatformError('CLI_KEY_DATABASE_UNCLEAR', { path: dataDirectory })
  }
  const change = (part: SealedPart) => rotate(part, options.keepFormer === true, progressOf(terminal, part))
  return changeAll(terminal, parts, options, change)
}

/** Seals again what the sealing key did not seal. @returns false when a value could not be sealed */
export async function runKeysReseal(
  terminal: Terminal,
  component: KeyComponent | undefined,
  options: KeysOptions,
): Promise<boolean> {
  const change = (part: SealedPart) => reseal(part, progressOf(terminal, part))
  return changeAll(terminal, await findParts(terminal, component, options), options, change)
}

async function changeAll(
  terminal: Terminal,
  parts: readonly SealedPart[],
  { json }: KeysOptions,
  change: (part: SealedPart) => Promise<ChangedPart>,
): Promise<boolean> {
  process.umask(0o077)
  const changed: ChangedPart[] = []
  const locks = parts
    // Processes on a shared database have got the keys of the configuration by themselves, and may run meanwhile.
    .filter((part) => part.keyFile !== undefined || !isShared(part))
    .map(({ dataDirectory }) => dataDirectory)
    .filter((folder, index, all) => all.indexOf(folder) === index)
    .map(lockExisting)
  try {
    for (const part of parts) {
      const result = await change(part)
      changed.push(result)
      if (!json) for (const line of told(result)) terminal.print(line)
    }
  } finally {
    for (const lock of locks) lock.release()
  }
  if (json) terminal.print(JSON.stringify({ parts: changed }))
  return changed.every(({ left }) => left === 0)
}

function lockExisting(folder: string) {
  if (!existsSync(folder)) throw new PlatformError('CLI_FILE_UNUSABLE', { path: folder, reason: 'there is none' })
  return lockDirectory(openDataDirectory(folder, productVersion()))
}

function progressOf(terminal: Terminal, { name }: SealedPart): (resealed: number) => void {
  let toldAtMs = performance.now()
  return (resealed) => {
    if (performance.now() - toldAtMs < progressPeriodMs) return
    toldAtMs = performance.now()
    terminal.note(terminal.errorStyle.dim(`${name}: ${resealed} values sealed again ...`))
  }
}

function told({ part, key, resealed, dropped, former, left, unreadable }: ChangedPart): readonly string[] {
  return [
    `${part}: ${resealed} values sealed again with key ${key}`,
    ...dropped.map((id) => `${part}: dropped the former key ${id}`),
    ...former.map((id) => `${part}: the former key ${id} still opens`),
    ...(left === 0 ? [] : [`${part}: ${left} values still need another key; run "landbridge keys reseal" again`]),
    ...unreadable.map((place) => `${part}: no key here opens ${place}`),
  ]
}
