import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadConfig } from '@landbridge/config'
import { PlatformError } from '@landbridge/kernel'
import { cloudConfigSchema } from '../compose/cloud-config.ts'
import { connectorConfigSchema } from '../compose/connector-config.ts'
import { cloudKeys, connectorKeys } from '../compose/platform-keys.ts'
import { type ConfigOptions, configSources } from '../config/config-options.ts'
import { usualDataDirectory } from '../state/data-directory.ts'
import { cloudStoreUrl, databasePlace } from '../state/database-place.ts'
import type { Terminal } from '../terminal.ts'
import { type ConfiguredKeys, configuredKeys } from './configured-keys.ts'
import type { SealedPart } from './sealed-part.ts'

export type KeyComponent = SealedPart['name']

export interface PartOptions extends ConfigOptions {
  readonly data?: string
}

/**
 * What has sealing keys: the named component as it is configured, or all that is in a data directory.
 * @throws PlatformError CONFIG_INVALID, CLI_FILE_UNUSABLE, CLI_KEY_INVALID, CLI_KEY_COMMAND_FAILED, CLI_KEY_DATABASE_ELSEWHERE
 */
export async function findParts(
  terminal: Terminal,
  component: KeyComponent | undefined,
  options: PartOptions,
): Promise<readonly SealedPart[]> {
  if (component === undefined) return partsOfDirectory(resolve(options.data ?? usualDataDirectory))
  const sources = configSources(terminal, options, { dataDirectory: options.data })
  if (component === 'connector') {
    const config = loadConfig(connectorConfigSchema, sources)
    const dataDirectory = resolve(config.dataDirectory)
    const keys = await configuredKeys({ ...connectorKeys, ...config }, terminal.environment)
    const storeUrl = `sqlite:${join(dataDirectory, 'connector.db')}`
    return [configuredPart({ name: 'connector', dataDirectory, storeUrl }, connectorKeys.fileName, keys)]
  }
  const config = loadConfig(cloudConfigSchema, sources)
  const dataDirectory = resolve(config.dataDirectory)
  const keys = await configuredKeys({ ...cloudKeys, ...config.store }, terminal.environment)
  const storeUrl = cloudStoreUrl(config, dataDirectory)
  const found = configuredPart({ name: 'cloud', dataDirectory, storeUrl }, cloudKeys.fileName, keys)
  // It is not the configuration that the process has: the key would be dropped although its database needs it.
  if (found.keyFile !== undefined && databasePlace(dataDirectory) === 'elsewhere' && isIn(dataDirectory, storeUrl))
    throw new PlatformError('CLI_KEY_DATABASE_ELSEWHERE', { path: dataDirectory })
  return [found]
}

function configuredPart(
  part: Pick<SealedPart, 'name' | 'dataDirectory' | 'storeUrl'>,
  fileName: string,
  { sealing, former, setting }: ConfiguredKeys,
): SealedPart {
  const configuredKeys = [...sealing, ...former]
  const isDatabaseUnclear = false
  if (sealing.length > 0) return { ...part, setting, configuredKeys, isDatabaseUnclear }
  const keyFile = join(part.dataDirectory, fileName)
  if (!existsSync(keyFile))
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: keyFile,
      reason: `there is none, and neither ${setting} nor ${setting}Command`,
    })
  return { ...part, setting, keyFile, configuredKeys, isDatabaseUnclear }
}

function partsOfDirectory(dataDirectory: string): readonly SealedPart[] {
  const place = databasePlace(dataDirectory)
  const part = (name: KeyComponent, { fileName, setting }: typeof cloudKeys | typeof connectorKeys): SealedPart[] => {
    const keyFile = join(dataDirectory, fileName)
    if (!existsSync(keyFile)) return []
    const storeUrl = `sqlite:${join(dataDirectory, `${name}.db`)}`
    const isDatabaseUnclear = name === 'cloud' && place === 'unknown'
    return [{ name, dataDirectory, storeUrl, setting, keyFile, isDatabaseUnclear, configuredKeys: [] }]
  }
  const parts = [...part('cloud', cloudKeys), ...part('connector', connectorKeys)]
  if (parts.length === 0)
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: dataDirectory,
      reason: `neither ${cloudKeys.fileName} nor ${connectorKeys.fileName} is in it`,
    })
  // Its key would be dropped although that database needs it.
  const isAway = place === 'elsewhere' || !existsSync(join(dataDirectory, 'cloud.db'))
  if (parts.some(({ name }) => name === 'cloud') && isAway)
    throw new PlatformError('CLI_KEY_DATABASE_ELSEWHERE', { path: dataDirectory })
  return parts
}

function isIn(dataDirectory: string, storeUrl: string): boolean {
  return storeUrl === cloudStoreUrl({ store: { url: '' } }, dataDirectory)
}
