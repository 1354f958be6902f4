import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { loadConfig } from '@landbridge/config'
import { PlatformError, type Sealer, systemClock } from '@landbridge/kernel'
import { cloudConfigSchema } from '../compose/cloud-config.ts'
import { cloudKeys, openAuthority, openSealer, sealedAuthority } from '../compose/platform-keys.ts'
import { type ConfigOptions, configSources } from '../config/config-options.ts'
import { configuredKeys } from '../keys/configured-keys.ts'
import { usualDataDirectory } from '../state/data-directory.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'

export interface CertificateOptions extends ConfigOptions {
  readonly data?: string
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
  const { folder, sealer } = await openFolder(terminal, options)
  const authority = await openAuthority(folder, sealer, systemClock)
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

/** @throws PlatformError CLI_NOT_RUNNING, CLI_FILE_UNUSABLE: unlike a start, this command makes neither authority nor key */
async function openFolder(
  terminal: Terminal,
  options: CertificateOptions,
): Promise<{ readonly folder: string; readonly sealer: Sealer }> {
  const isConfigured = options.config !== undefined || options.set.length > 0
  const config = isConfigured
    ? loadConfig(cloudConfigSchema, configSources(terminal, options, { dataDirectory: options.data }))
    : undefined
  const folder = resolve(config?.dataDirectory ?? options.data ?? usualDataDirectory)
  if (!existsSync(join(folder, sealedAuthority.fileName))) throw new PlatformError('CLI_NOT_RUNNING', { path: folder })
  const keys = await configuredKeys({ ...cloudKeys, ...config?.store }, terminal.environment)
  const keyFile = join(folder, cloudKeys.fileName)
  if (keys.sealing.length === 0 && !existsSync(keyFile))
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: keyFile,
      reason: 'there is none; name the configuration that gives the key with --config',
    })
  return { folder, sealer: openSealer(folder, cloudKeys.fileName, keys) }
}
