import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadConfig } from '@landbridge/config'
import { PlatformError, type Secret } from '@landbridge/kernel'
import { cloudConfigSchema } from '../compose/cloud-config.ts'
import { connectorConfigSchema } from '../compose/connector-config.ts'
import { cloudKeys, connectorKeys, formerKeys, type KeySettings } from '../compose/platform-keys.ts'
import { type ConfigOptions, configSources } from '../config/config-options.ts'
import { usualDataDirectory } from '../state/data-directory.ts'
import { cloudStoreUrl, hasOwnDatabase } from '../state/database-place.ts'
import { parseKeys } from '../state/key-file.ts'
import type { Terminal } from '../terminal.ts'
import type { SealedPart } from './sealed-part.ts'

export type KeyComponent = SealedPart['name']

export interface PartOptions extends ConfigOptions {
  readonly data?: string
}

/**
 * What has sealing keys: the named component as it is configured, or all that is in a data directory.
 * @throws PlatformError CONFIG_INVALID, CLI_FILE_UNUSABLE, CLI_KEY_INVALID, CLI_KEY_DATABASE_ELSEWHERE
 */
export function findParts(
  terminal: Terminal,
  component: KeyComponent | undefined,
  options: PartOptions,
): readonly SealedPart[] {
  if (component === undefined) return partsOfDirectory(resolve(options.data ?? usualDataDirectory))
  const sources = configSources(terminal, options, { dataDirectory: options.data })
  if (component === 'connector') {
    const config = loadConfig(connectorConfigSchema, sources)
    const storeUrl = `sqlite:${join(resolve(config.dataDirectory), 'connector.db')}`
    return [configuredPart('connector', config.dataDirectory, storeUrl, { ...connectorKeys, ...keysOf(config) })]
  }
  const config = loadConfig(cloudConfigSchema, sources)
  const storeUrl = cloudStoreUrl(config, resolve(config.dataDirectory))
  return [configuredPart('cloud', config.dataDirectory, storeUrl, { ...cloudKeys, ...keysOf(config.store) })]
}

function keysOf(settings: { readonly sealingKey?: Secret; readonly formerSealingKeys?: Secret }) {
  return { sealingKey: settings.sealingKey, formerSealingKeys: settings.formerSealingKeys }
}

function configuredPart(name: KeyComponent, folder: string, storeUrl: string, settings: KeySettings): SealedPart {
  const dataDirectory = resolve(folder)
  const keyFile = join(dataDirectory, settings.fileName)
  const { setting, sealingKey } = settings
  if (sealingKey === undefined && !existsSync(keyFile))
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: keyFile, reason: `there is none, and no ${setting} either` })
  return {
    ...{ name, dataDirectory, storeUrl, setting },
    ...(sealingKey === undefined ? { keyFile } : {}),
    configuredKeys: [
      ...(sealingKey === undefined ? [] : parseKeys(sealingKey.reveal(), setting)),
      ...formerKeys(settings.formerSealingKeys, setting),
    ],
  }
}

function partsOfDirectory(dataDirectory: string): readonly SealedPart[] {
  const part = (name: KeyComponent, { fileName, setting }: KeySettings): SealedPart[] => {
    const keyFile = join(dataDirectory, fileName)
    if (!existsSync(keyFile)) return []
    const storeUrl = `sqlite:${join(dataDirectory, `${name}.db`)}`
    return [{ name, dataDirectory, storeUrl, setting, keyFile, configuredKeys: [] }]
  }
  const parts = [...part('cloud', cloudKeys), ...part('connector', connectorKeys)]
  if (parts.length === 0)
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: dataDirectory,
      reason: `neither ${cloudKeys.fileName} nor ${connectorKeys.fileName} is in it`,
    })
  // Its key would be dropped although that database needs it.
  if (parts.some(({ name }) => name === 'cloud') && !hasOwnDatabase(dataDirectory))
    throw new PlatformError('CLI_KEY_DATABASE_ELSEWHERE', { path: dataDirectory })
  return parts
}
