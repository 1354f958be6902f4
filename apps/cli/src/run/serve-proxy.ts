import { type RunningConnectivityProxy, readServiceKey, startConnectivityProxy } from '@landbridge/connectivity-proxy'
import { type Clock, type Closeable, closeAll, type Log } from '@landbridge/kernel'
import { assertNotExpired, ClientToken } from '../compose/client-token.ts'
import type { ProxyConfig } from '../compose/proxy-config.ts'
import { proxyVerifier } from '../compose/proxy-verifier.ts'
import { readCertificates, readServerTls } from '../compose/server-tls.ts'
import { createAgent } from '../http/agent.ts'

/** A configuration with all that it refers to: plain values, so that it can be handed to another process. Holds secrets. */
export interface ProxyMaterials {
  readonly config: ProxyConfig['proxy']
  readonly identity: ProxyConfig['identity']
  readonly serviceKey: string
  /** Of the tunnel server, PEM. */
  readonly tls: { readonly cert: string; readonly key: string }
  /** PEM of the platform's authority; absent: the public ones. */
  readonly ca?: string
}

export interface ServedProxy extends Closeable {
  readonly proxy: RunningConnectivityProxy
}

export interface ServingEnvironment {
  readonly clock: Clock
  readonly log: Log
  /** Writes a line among those of the log. */
  readonly writeLine: (line: string) => void
  /** Set in one of several processes that share the ports; see ConnectivityProxyOptions. */
  readonly worker?: { readonly clusterPort: number }
}

const drainMs = 20_000

/** Reads the files that a configuration names. @throws PlatformError CONFIG_INVALID */
export function readMaterials(config: ProxyConfig): ProxyMaterials {
  const { platformCaFile, proxy } = config
  const serviceKey = config.serviceKey.reveal()
  // Checked before the others: what is wrong with the pairing is told first.
  readServiceKey(serviceKey, proxy.integration.connectivityService.serviceCredentialsKey)
  return {
    config: proxy,
    identity: config.identity,
    serviceKey,
    tls: readServerTls(config.tls),
    ...(platformCaFile === undefined ? {} : { ca: readCertificates('platformCaFile', platformCaFile) }),
  }
}

/** Starts a connectivity proxy in this process. Its `close` drains first. @throws PlatformError */
export async function serveProxy(
  { config, identity, serviceKey, tls, ca }: ProxyMaterials,
  { clock, log, writeLine, worker }: ServingEnvironment,
): Promise<ServedProxy> {
  const key = readServiceKey(serviceKey, config.integration.connectivityService.serviceCredentialsKey)
  const { clientCertificate } = key
  if (clientCertificate !== undefined) assertNotExpired(clientCertificate.cert, clock)
  const started: Closeable[] = []
  try {
    const agent = createAgent({
      caFiles: [],
      ca: ca === undefined ? [] : [ca],
      hostNames: [],
      address: '127.0.0.1',
      ...(clientCertificate === undefined
        ? {}
        : { tls: { cert: clientCertificate.cert, key: clientCertificate.key.reveal() } }),
    })
    started.push({ close: () => agent.destroy() })
    const token = new ClientToken({ ...key, url: key.tokenUrl, parameters: identity.tokenParameters, agent, clock })
    const proxy = await startConnectivityProxy({
      config,
      verifier: proxyVerifier({ config: identity, uaaDomain: key.uaaDomain, ca, clock, log }),
      service: {
        url: key.connectivityUrl,
        token: () => token.get(),
        instance: key,
        caListUrl: key.caListUrl,
        ...(ca === undefined ? {} : { ca }),
      },
      tls: { ...tls, connectorCa: ca ?? '' },
      audit: writeLine,
      ...(worker === undefined ? {} : { worker }),
      clock,
      log,
    })
    started.push(proxy)
    return {
      proxy,
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
