import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPlatformError, PlatformError, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { connectorMigrations, openStore, type Store } from '@landbridge/store'
import { cloudMigrations } from '../compose/open-store.ts'
import { sealedAuthority } from '../compose/platform-keys.ts'
import { readKeyFile } from '../state/key-file.ts'
import { writeFileWhole } from '../state/write-file.ts'

/** What is sealed with the same keys: a database, and files beside it. */
export interface SealedPart {
  readonly name: 'cloud' | 'connector'
  readonly dataDirectory: string
  /** `sqlite:<path>` or a `postgres://` URL. */
  readonly storeUrl: string
  /** Holds the key that seals; absent where the configuration does. */
  readonly keyFile?: string
  /** The setting that would hold it. */
  readonly setting: string
  /** True where a database lies in the data directory and nothing says that it is the one that the keys seal. */
  readonly isDatabaseUnclear: boolean
  /** Those of the configuration, the one that seals first, or former ones only where there is a key file. */
  readonly configuredKeys: readonly Buffer[]
}

/** The keys of a part as they are now. @throws PlatformError CLI_KEY_INVALID */
export function sealerOf(part: SealedPart): Sealer {
  const inFile = part.keyFile === undefined ? [] : readKeyFile(part.keyFile)
  const [key, ...former] = [...inFile, ...part.configuredKeys]
  if (key === undefined) throw new PlatformError('CLI_KEY_INVALID', { path: part.setting, reason: 'it holds no key' })
  return new Sealer(key, former)
}

/** Is it a database that processes on other machines may use? */
export function isShared({ storeUrl }: SealedPart): boolean {
  return !storeUrl.startsWith('sqlite:')
}

/**
 * Opens the database of a part, whose schema stays as it is, runs `work` and closes it. Without a database, which is not
 * made here, the answer is undefined.
 * @throws PlatformError STORE_NEWER, STORE_FAILED
 */
export async function withStore<T>(
  part: SealedPart,
  sealer: Sealer,
  work: (store: Store<unknown>) => Promise<T>,
): Promise<T | undefined> {
  if (!isShared(part) && !existsSync(part.storeUrl.slice('sqlite:'.length))) return undefined
  const migrations = part.name === 'cloud' ? cloudMigrations : connectorMigrations
  const options = { url: part.storeUrl, sealer, clock: systemClock, log: silentLog, migrations, leaveSchema: true }
  const store = await openStore<unknown>(options).catch((cause: unknown) => {
    throw isPlatformError(cause) ? cause : new PlatformError('STORE_FAILED', {}, { cause })
  })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A sealed value in a file of its own. */
interface SealedFile {
  readonly path: string
  readonly context: string
}

/** The sealed files of a part that exist. */
function sealedFiles({ name, dataDirectory }: SealedPart): readonly SealedFile[] {
  if (name === 'connector') return []
  const { fileName, context } = sealedAuthority
  return [{ path: join(dataDirectory, fileName), context }].filter(({ path }) => existsSync(path))
}

/** Which keys the files of a part need; undefined for one that no key here opens. */
export function keysOfFiles(part: SealedPart, sealer: Sealer): readonly (string | undefined)[] {
  return sealedFiles(part).map(({ path, context }) => neededKey(readFileSync(path, 'utf8').trim(), context, sealer))
}

/** Seals again what the files of a part hold. @returns how many, and the names of those that do not open */
export function resealFiles(part: SealedPart, sealer: Sealer): { resealed: number; unreadable: readonly string[] } {
  let resealed = 0
  const unreadable: string[] = []
  for (const { path, context } of sealedFiles(part)) {
    const sealed = readFileSync(path, 'utf8').trim()
    if (sealer.isCurrent(sealed)) continue
    const plain = tryOpen(sealed, context, sealer)
    if (plain === undefined) {
      unreadable.push(path)
      continue
    }
    writeFileWhole(path, `${sealer.seal(plain, context)}\n`)
    resealed += 1
  }
  return { resealed, unreadable }
}

function neededKey(sealed: string, context: string, sealer: Sealer): string | undefined {
  try {
    return sealer.neededKey(sealed, context)
  } catch {
    return undefined // damaged: no sealed value at all
  }
}

function tryOpen(sealed: string, context: string, sealer: Sealer): string | undefined {
  try {
    return sealer.open(sealed, context)
  } catch {
    return undefined
  }
}
