import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { PlatformError, systemClock } from '@landbridge/kernel'
import { openAuthority, openSealer } from '../compose/platform-keys.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'

export interface CertificateOptions {
  readonly data: string
  readonly name: readonly string[]
  readonly out: string
  readonly days: string
  readonly json?: boolean
}

/** Issues a server certificate from the authority in a data directory, which may be in use. */
export async function runCertificate(terminal: Terminal, options: CertificateOptions): Promise<void> {
  const days = Number(options.days)
  if (!Number.isInteger(days) || days < 1 || days > 825)
    throw new PlatformError('REQUEST_INVALID', { field: '--days', reason: 'expected 1 to 825 days' })
  const folder = resolve(options.data)
  if (!existsSync(join(folder, 'ca.key.sealed'))) throw new PlatformError('CLI_NOT_RUNNING', { path: folder })
  const authority = await openAuthority(folder, openSealer(folder), systemClock)
  const { cert, key } = await authority.issueServer({
    dnsNames: options.name.filter((name) => isIP(name) === 0),
    ipAddresses: options.name.filter((name) => isIP(name) !== 0),
    days,
  })
  const files = { certificate: resolve(`${options.out}.crt`), key: resolve(`${options.out}.key`) }
  writeFileWhole(files.certificate, cert, 0o644)
  writeFileWhole(files.key, key)
  terminal.print(options.json ? JSON.stringify(files) : `Wrote ${files.certificate} and ${files.key}.`)
}
