import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { type Clock, PlatformError, Secret } from '@landbridge/kernel'
import { brokerUserName, startCloud } from '../compose/cloud.ts'
import { type CloudConfig, cloudConfigSchema } from '../compose/cloud-config.ts'
import { cloudKeys, openAuthority, openSealer, openSecret } from '../compose/platform-keys.ts'
import { type ConfigOptions, componentConfig } from '../config/config-options.ts'
import { configuredKeys } from '../keys/configured-keys.ts'
import { cloudComponents } from '../state/cloud-components.ts'
import { cloudStoreUrl, rememberDatabase } from '../state/database-place.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'
import { type ComponentEnvironment, runComponent, type StartedComponent } from './run-component.ts'

/** Runs `landbridge cloud` until it is asked to stop. */
export function runCloud(terminal: Terminal, options: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const config = componentConfig(cloudConfigSchema, terminal, options)
  return runComponent(terminal, {
    name: 'cloud',
    dataDirectory: config.dataDirectory,
    logLevel: config.logLevel,
    json: options.json === true,
    start: (environment) => start(terminal, config, environment),
  })
}

async function start(
  terminal: Terminal,
  config: CloudConfig,
  { dataDirectory, clock, log }: ComponentEnvironment,
): Promise<StartedComponent> {
  const { store, operatorSecret, brokerPassword } = config
  const keys = await configuredKeys({ ...cloudKeys, ...store }, terminal.environment)
  const sealer = openSealer(dataDirectory, cloudKeys.fileName, keys)
  const storeUrl = cloudStoreUrl(config, dataDirectory)
  rememberDatabase(dataDirectory, storeUrl)
  const authority = configuredAuthority(config, clock) ?? (await openAuthority(dataDirectory, sealer, clock))
  const caFile = join(dataDirectory, 'ca.pem')
  writeFileWhole(caFile, authority.certificatePem, 0o644)
  const operator = operatorSecret ?? new Secret(openSecret(join(dataDirectory, 'operator-secret')))
  const broker = brokerPassword ?? new Secret(openSecret(join(dataDirectory, 'broker-password')))
  const cloud = await startCloud({
    config,
    storeUrl,
    sealer,
    authority,
    proxy: config.proxy,
    publicUrls: config.publicUrls,
    operatorSecret: operator,
    brokerPassword: broker,
    clock,
    log,
  })
  const { connectivityService } = cloud
  return {
    caFile,
    operator: { url: connectivityService.url, secret: operator.reveal() },
    broker: { url: connectivityService.url, user: brokerUserName, password: broker.reveal() },
    components: cloudComponents(cloud),
    close: () => cloud.close(),
  }
}

/** @throws PlatformError CONFIG_INVALID when only one half is given or the file cannot be read */
function configuredAuthority({ authority }: CloudConfig, clock: Clock): LocalCa | undefined {
  const { certificateFile, key } = authority
  if (certificateFile === undefined && key === undefined) return undefined
  if (certificateFile === undefined || key === undefined)
    throw new PlatformError('CONFIG_INVALID', {
      problems: ['authority: expected both certificateFile and key, found only one of them'],
    })
  try {
    return LocalCa.load(readFileSync(certificateFile, 'utf8'), key.reveal(), clock)
  } catch (cause) {
    throw new PlatformError(
      'CONFIG_INVALID',
      {
        problems: [
          `authority: expected the PEM files of a certificate authority and its key, found ${certificateFile}`,
        ],
      },
      { cause },
    )
  }
}
