import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { type Clock, randomSecret, Sealer, type Secret } from '@landbridge/kernel'
import { parseKeys, readKeyFile } from '../state/key-file.ts'
import { writeFileWhole } from '../state/write-file.ts'

/** The keys of the cloud side, and those of a connector. */
export const cloudKeys = { fileName: 'sealing.key', setting: 'store.sealingKey' } as const
export const connectorKeys = { fileName: 'connector.key', setting: 'sealingKey' } as const

/** The key of the authority, sealed, and its context: the only value that the cloud side seals outside its database. */
export const sealedAuthority = { fileName: 'ca.key.sealed', context: 'local-ca' } as const

/** Where the keys of a component come from. */
export interface KeySettings {
  /** Of the data directory: used, and generated, where the configuration has no key. */
  readonly fileName: string
  /** Name of the setting. */
  readonly setting: string
  readonly sealingKey?: Secret | undefined
  readonly formerSealingKeys?: Secret | undefined
}

/**
 * Opens the sealing keys of a data directory (one a line, the one that seals first), generated on first use with mode
 * 0600, or those of the configuration.
 * @throws PlatformError CLI_KEY_INVALID
 */
export function openSealer(dataDirectory: string, settings: Partial<KeySettings> = {}): Sealer {
  const { fileName = cloudKeys.fileName, setting = cloudKeys.setting, sealingKey, formerSealingKeys } = settings
  const path = join(dataDirectory, fileName)
  if (sealingKey === undefined && !existsSync(path)) createOnce(path, `${randomBytes(32).toString('base64')}\n`)
  const [key, ...former] = sealingKey === undefined ? readKeyFile(path) : parseKeys(sealingKey.reveal(), setting)
  return new Sealer(key, [...former, ...formerKeys(formerSealingKeys, setting)])
}

/** @throws PlatformError CLI_KEY_INVALID */
export function formerKeys(formerSealingKeys: Secret | undefined, setting: string): readonly Buffer[] {
  if (formerSealingKeys === undefined) return []
  return parseKeys(formerSealingKeys.reveal(), setting.replace('sealingKey', 'formerSealingKeys'))
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
