import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { type Clock, randomSecret, Sealer } from '@landbridge/kernel'
import type { ConfiguredKeys } from '../keys/configured-keys.ts'
import { readKeyFile } from '../state/key-file.ts'
import { writeFileWhole } from '../state/write-file.ts'

/** The keys of the cloud side, and those of a connector. */
export const cloudKeys = { fileName: 'sealing.key', setting: 'store.sealingKey' } as const
export const connectorKeys = { fileName: 'connector.key', setting: 'sealingKey' } as const

/** The key of the authority, sealed, and its context: the only value that the cloud side seals outside its database. */
export const sealedAuthority = { fileName: 'ca.key.sealed', context: 'local-ca' } as const

/**
 * Opens the sealing keys of a data directory (one a line, the one that seals first), generated on first use with mode
 * 0600, or those of the configuration.
 * @param fileName of the data directory: used where the configuration has no key
 * @throws PlatformError CLI_KEY_INVALID
 */
export function openSealer(
  dataDirectory: string,
  fileName: string = cloudKeys.fileName,
  { sealing, former }: Pick<ConfiguredKeys, 'sealing' | 'former'> = { sealing: [], former: [] },
): Sealer {
  const path = join(dataDirectory, fileName)
  const [configured, ...more] = sealing
  if (configured !== undefined) return new Sealer(configured, [...more, ...former])
  if (!existsSync(path)) createOnce(path, `${randomBytes(32).toString('base64')}\n`)
  const [key, ...others] = readKeyFile(path)
  return new Sealer(key, [...others, ...former])
}

/** A secret of a data directory, generated on first use (mode 0600). */
export function openSecret(path: string): string {
  if (!existsSync(path)) createOnce(path, `${randomSecret(32)}\n`)
  return readFileSync(path, 'utf8').trim()
}

/** Opens the certificate authority of the platform, made on first use: `ca.pem` for clients, the key sealed. */
export async function openAuthority(dataDirectory: string, sealer: Sealer, clock: Clock): Promise<LocalCa> {
  const certificatePath = join(dataDirectory, 'ca.pem')
  const keyPath = join(dataDirectory, sealedAuthority.fileName)
  if (existsSync(keyPath)) {
    const key = sealer.open(readFileSync(keyPath, 'utf8').trim(), sealedAuthority.context)
    return LocalCa.load(readFileSync(certificatePath, 'utf8'), key, clock)
  }
  const authority = await LocalCa.create({ subject: { CN: 'Landbridge local CA', O: 'Landbridge' }, clock })
  // The certificate first: a crash in between leaves no key, and the next start begins anew.
  writeFileWhole(certificatePath, authority.certificatePem, 0o644)
  writeFileWhole(keyPath, `${sealer.seal(authority.keyPem.reveal(), sealedAuthority.context)}\n`)
  return authority
}

/** Writes a file that must never be replaced: losing this key loses every secret of the data directory. */
function createOnce(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.new`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flush: true })
    linkSync(temporary, path)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
  } finally {
    rmSync(temporary, { force: true })
  }
}
