import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { type Clock, PlatformError, randomSecret, Sealer } from '@landbridge/kernel'
import { writeFileWhole } from '../state/write-file.ts'

/** Opens the sealing key of a data directory, generated on first use (32 bytes, base64, mode 0600). */
export function openSealer(dataDirectory: string, fileName = 'sealing.key'): Sealer {
  const path = join(dataDirectory, fileName)
  if (!existsSync(path)) createOnce(path, `${randomBytes(32).toString('base64')}\n`)
  return sealerFrom(readFileSync(path, 'utf8').trim(), path)
}

/** A secret of a data directory, generated on first use (mode 0600). */
export function openSecret(path: string): string {
  if (!existsSync(path)) createOnce(path, `${randomSecret(32)}\n`)
  return readFileSync(path, 'utf8').trim()
}

/** @throws PlatformError CLI_STATE_INVALID when the text is no key; the text itself is never shown. */
export function sealerFrom(text: string, source: string): Sealer {
  const key = Buffer.from(text, 'base64')
  if (key.length !== 32)
    throw new PlatformError('CLI_STATE_INVALID', { path: source, reason: 'it is not 32 bytes in base64' })
  return new Sealer(key)
}

/** Opens the certificate authority of the platform, made on first use: `ca.pem` for clients, the key sealed. */
export async function openAuthority(dataDirectory: string, sealer: Sealer, clock: Clock): Promise<LocalCa> {
  const certificatePath = join(dataDirectory, 'ca.pem')
  const keyPath = join(dataDirectory, 'ca.key.sealed')
  if (existsSync(keyPath)) {
    const key = sealer.open(readFileSync(keyPath, 'utf8').trim(), 'local-ca')
    return LocalCa.load(readFileSync(certificatePath, 'utf8'), key, clock)
  }
  const authority = await LocalCa.create({ subject: { CN: 'Landbridge local CA', O: 'Landbridge' }, clock })
  // The certificate first: a crash in between leaves no key, and the next start begins anew.
  writeFileWhole(certificatePath, authority.certificatePem, 0o644)
  writeFileWhole(keyPath, `${sealer.seal(authority.keyPem.reveal(), 'local-ca')}\n`)
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
