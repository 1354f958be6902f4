import { join } from 'node:path'
import { readServiceKey, startConnectivityProxy } from '@landbridge/connectivity-proxy'
import { type Closeable, closeAll } from '@landbridge/kernel'
import { assertNotExpired, ClientToken } from '../compose/client-token.ts'
import { type ProxyConfig, proxyConfigSchema } from '../compose/proxy-config.ts'
import { proxyVerifier } from '../compose/proxy-verifier.ts'
import { readCertificates, readServerTls } from '../compose/server-tls.ts'
import { type ConfigOptions, componentConfig } from '../config/config-options.ts'
import { createAgent } from '../http/agent.ts'
import type { Terminal } from '../terminal.ts'
import { type ComponentEnvironment, runComponent, type StartedComponent } from './run-component.ts'

const drainMs = 20_000

/** Runs `landbridge proxy` until it is asked to stop. */
export function runProxy(terminal: Terminal, options: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const config = componentConfig(proxyConfigSchema, terminal, options)
  return runComponent(terminal, {
    name: 'proxy',
    dataDirectory: config.dataDirectory,
    logLevel: config.logLevel,
    json: options.json === true,
    start: (environment) => start(config, environment),
  })
}

async function start(config: ProxyConfig, environment: ComponentEnvironment): Promise<StartedComponent> {
  const { clock, log, dataDirectory, writeLine } = environment
  const key = readServiceKey(
    config.serviceKey.reveal(),
    config.proxy.integration.connectivityService.serviceCredentialsKey,
  )
  const { platformCaFile } = config
  const ca = platformCaFile === undefined ? undefined : readCertificates('platformCaFile', platformCaFile)
  const tls = readServerTls(config.tls)
  const { clientCertificate } = key
  if (clientCertificate !== undefined) assertNotExpired(clientCertificate.cert, clock)
  const started: Closeable[] = []
  try {
    const agent = createAgent({
      caFiles: platformCaFile === undefined ? [] : [platformCaFile],
      hostNames: [],
      address: '127.0.0.1',
      ...(clientCertificate === undefined
        ? {}
        : { tls: { cert: clientCertificate.cert, key: clientCertificate.key.reveal() } }),
    })
    started.push({ close: () => agent.destroy() })
    const token = new ClientToken({
      ...key,
      url: key.tokenUrl,
      parameters: config.identity.tokenParameters,
      agent,
      clock,
    })
    const proxy = await startConnectivityProxy({
      config: config.proxy,
      verifier: proxyVerifier({ config: config.identity, uaaDomain: key.uaaDomain, ca, clock, log }),
      service: {
        url: key.connectivityUrl,
        token: () => token.get(),
        instance: key,
        caListUrl: key.caListUrl,
        ...(ca === undefined ? {} : { ca }),
      },
      tls: { ...tls, connectorCa: ca ?? '' },
      audit: writeLine,
      clock,
      log,
    })
    started.push(proxy)
    return {
      caFile: platformCaFile ?? join(dataDirectory, 'ca.pem'),
      components: [{ name: proxy.name, url: proxy.url, readyUrl: `${proxy.healthUrl}/health/ready` }],
      whenReady: () => proxy.whenReady(),
      async close() {
        await proxy.drain(drainMs)
        await closeAll(started)
      },
    }
  } catch (failure) {
    await closeAll(started)
    throw failure
  }
}
