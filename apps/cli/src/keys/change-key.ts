import { randomBytes } from 'node:crypto'
import { PlatformError, type Sealer } from '@landbridge/kernel'
import { countSealed, type KeyLock, lockKeys, resealAll, type SealedCount } from '@landbridge/store'
import { readKeyFile, writeKeyFile } from '../state/key-file.ts'
import { keysOfFiles, resealFiles, type SealedPart, sealerOf, withStore } from './sealed-part.ts'

/** Called after each step that is on the disk, with the number of values sealed again so far; waited for after the first. */
export type Progress = (resealed: number) => void | Promise<void>

/** What became of a part. */
export interface ChangedPart {
  readonly part: SealedPart['name']
  /** ID of the key that seals. */
  readonly key: string
  readonly resealed: number
  /** IDs of keys that are no longer in the key file. */
  readonly dropped: readonly string[]
  /** IDs of keys that still open. */
  readonly former: readonly string[]
  /** Values that still need another key: written meanwhile, or not to be opened here. */
  readonly left: number
  /** Which values no key here opens. */
  readonly unreadable: readonly string[]
}

/**
 * Makes a new key for a part with a key file, seals everything again and drops the former keys once nothing needs them.
 * Ended at any moment, it leaves files that open everything, and may be run again. Nothing else may use the part.
 * @throws PlatformError CLI_KEY_CONFIGURED, CLI_KEY_DATABASE_IN_USE, STORE_FAILED
 */
export async function rotate(part: SealedPart, keepFormer: boolean, progress: Progress): Promise<ChangedPart> {
  const { keyFile } = part
  if (keyFile === undefined) throw new PlatformError('CLI_KEY_CONFIGURED', { setting: part.setting })
  // Whether this version may use it, before anything is changed.
  await withStore(part, sealerOf(part), async () => {})
  const lock = await lockKeys(part.storeUrl).catch((cause: unknown) => {
    throw new PlatformError('STORE_FAILED', {}, { cause })
  })
  try {
    if (lock.others > 0) throw new PlatformError('CLI_KEY_DATABASE_IN_USE', { connections: lock.others })
    return await rotateLocked(part, keyFile, lock, { keepFormer, progress })
  } finally {
    await lock.close().catch(() => {}) // Broken: then it is no longer held.
  }
}

async function rotateLocked(
  part: SealedPart,
  keyFile: string,
  lock: KeyLock,
  { keepFormer, progress }: { readonly keepFormer: boolean; readonly progress: Progress },
): Promise<ChangedPart> {
  const former = readKeyFile(keyFile)
  // From here on the new key seals, so it must never be lost: it is on the disk before anything is sealed with it.
  const key = randomBytes(32)
  writeKeyFile(keyFile, [key, ...former])
  await progress(0)
  const changed = await reseal(part, progress)
  if (keepFormer || changed.left > 0) return changed
  // Whoever starts from now on with the former key is refused; if not, it may just have sealed something with it.
  await lock.assertHeld().catch((cause: unknown) => {
    throw new PlatformError('STORE_FAILED', {}, { cause })
  })
  writeKeyFile(keyFile, [key])
  const kept = sealerOf(part).keyIds.slice(1)
  return { ...changed, former: kept, dropped: changed.former.filter((id) => !kept.includes(id)) }
}

/** Seals again what the sealing key of a part did not seal. May be ended at any moment and run again. */
export async function reseal(part: SealedPart, progress: Progress): Promise<ChangedPart> {
  const sealer = sealerOf(part)
  const files = resealFiles(part, sealer)
  progress(files.resealed)
  const rows = await withStore(part, sealer, (store) => resealAll(store, (done) => progress(files.resealed + done)))
  const counted = await countPart(part, sealer)
  const total = [...counted.byKey.values()].reduce((sum, count) => sum + count, counted.unreadable)
  return {
    part: part.name,
    key: sealer.keyId,
    resealed: files.resealed + (rows?.resealed ?? 0),
    dropped: [],
    former: sealer.keyIds.slice(1),
    left: total - (counted.byKey.get(sealer.keyId) ?? 0),
    unreadable: [
      ...files.unreadable,
      ...(rows?.unreadable ?? []).map(({ table, column, row }) => `${table}.${column} of ${row}`),
    ],
  }
}

/** Counts the values of a part by the key that they need. Changes nothing. */
export async function countPart(part: SealedPart, sealer: Sealer): Promise<SealedCount> {
  const rows = await withStore(part, sealer, countSealed)
  const byKey = new Map(rows?.byKey)
  let unreadable = rows?.unreadable ?? 0
  for (const keyId of keysOfFiles(part, sealer)) {
    if (keyId === undefined) unreadable += 1
    else byKey.set(keyId, (byKey.get(keyId) ?? 0) + 1)
  }
  return { byKey, unreadable }
}
