import { randomBytes } from 'node:crypto'
import { loadConfig } from '@landbridge/config'
import { Sealer, silentLog } from '@landbridge/kernel'
import { type CloudOptions, type RunningCloud, startCloud } from '../src/compose/cloud.ts'
import { cloudConfigSchema } from '../src/compose/cloud-config.ts'

export const regionHost = 'region.example.test'

interface CloudAlone extends Partial<Omit<CloudOptions, 'config' | 'authority' | 'clock'>> {
  readonly authority: CloudOptions['authority']
  readonly clock: CloudOptions['clock']
  /** Settings by dotted path, besides free ports. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** The cloud side without a proxy in this process, by default with a database and keys that nobody else has. */
export function startCloudAlone({ settings, ...options }: CloudAlone): Promise<RunningCloud> {
  return startCloud({
    config: loadConfig(cloudConfigSchema, {
      environment: {},
      overrides: {
        'tokenService.port': 0,
        'destinationService.port': 0,
        'connectivityService.port': 0,
        ...settings,
      },
    }),
    storeUrl: 'sqlite::memory:',
    sealer: new Sealer(randomBytes(32)),
    proxy: { host: '127.0.0.1', httpPort: 1, socks5Port: 2, rfcLdapPort: 3 },
    log: silentLog,
    ...options,
  })
}
