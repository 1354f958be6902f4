import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@landbridge/config'
import { mostWorkers, type ProxyConfig, proxyConfigSchema } from '../compose/proxy-config.ts'
import { type ConfigOptions, configSources } from '../config/config-options.ts'
import type { Terminal } from '../terminal.ts'
import { startWorkers } from '../workers/start-workers.ts'
import { runComponent, type StartedComponent } from './run-component.ts'
import { readMaterials, type ServingEnvironment, serveProxy } from './serve-proxy.ts'

export interface ProxyOptions extends ConfigOptions {
  /** As in the configuration. */
  readonly workers?: string
  readonly json?: boolean
}

/** Runs `landbridge proxy` until it is asked to stop: in this process, or in several that this one looks after. */
export function runProxy(terminal: Terminal, options: ProxyOptions): Promise<void> {
  const config = loadConfig(proxyConfigSchema, configSources(terminal, options, { workers: options.workers }))
  const count = config.workers === 'auto' ? Math.min(availableParallelism(), mostWorkers) : config.workers
  return runComponent(terminal, {
    name: 'proxy',
    dataDirectory: config.dataDirectory,
    logLevel: config.logLevel,
    json: options.json === true,
    async start(environment) {
      const caFile = config.platformCaFile ?? join(environment.dataDirectory, 'ca.pem')
      const started = await (count === 1 ? startHere(config, environment) : startWorkers(config, count, environment))
      return { ...started, caFile }
    },
  })
}

async function startHere(
  config: ProxyConfig,
  environment: ServingEnvironment,
): Promise<Omit<StartedComponent, 'caFile'>> {
  const { proxy, close } = await serveProxy(readMaterials(config), environment)
  return {
    components: [{ name: proxy.name, url: proxy.url, readyUrl: `${proxy.healthUrl}/health/ready` }],
    whenReady: () => proxy.whenReady(),
    close,
  }
}
