import { join } from 'node:path'
import { loadConfig } from '@landbridge/config'
import { connectivityProxyConfigSchema, readServiceKey, startConnectivityProxy } from '@landbridge/connectivity-proxy'
import type { LocalCa } from '@landbridge/identity'
import { type Closeable, closeAll } from '@landbridge/kernel'
import { type BoundService, type PlatformEndpoints, renderCredentials } from '@landbridge/registry'
import { ClientToken } from '../compose/client-token.ts'
import type { RunningCloud } from '../compose/cloud.ts'
import { createAgent } from '../http/agent.ts'
import type { ComponentState } from '../state/state-file.ts'
import type { UpOptions } from './start-up.ts'

export interface UpProxyOptions extends UpOptions {
  readonly cloud: RunningCloud
  readonly authority: LocalCa
  readonly caFile: string
  /** The credentials with which the proxy speaks to the connectivity service. */
  readonly service: BoundService
  readonly endpoints: PlatformEndpoints
  /** What service channels of the demo subaccount reach, `host:port`. */
  readonly demoService: { readonly subaccountId: string; readonly address: string }
}

export interface RunningUpProxy extends Closeable {
  readonly components: readonly ComponentState[]
  /** Lets open exchanges end, a bounded time, and accepts no new ones. */
  drain(): Promise<void>
}

const drainMs = 5_000
/** Also the cluster host of service channels. */
const tunnelServerName = 'tunnel.landbridge.localhost'
/** Service ID of the demo service. */
const demoServiceId = 'demo-echo'
/** Further services, in the data directory; changes count at once. */
const mappingsFile = 'service-mappings.yaml'

/** Starts the connectivity proxy of `landbridge up`, for all tenants, paired like one in another process. */
export async function startUpProxy(options: UpProxyOptions): Promise<RunningUpProxy> {
  const { cloud, authority, host, clock } = options
  const log = options.log.with({ component: 'proxy' })
  const key = readServiceKey(JSON.stringify(renderCredentials(options.service, options.endpoints)))
  const agent = createAgent({ caFiles: [options.caFile], hostNames: [], address: host })
  const token = new ClientToken({ ...key, url: key.tokenUrl, agent, clock })
  const { cert, key: tlsKey } = await authority.issueServer({ dnsNames: [tunnelServerName, 'localhost'], days: 365 })
  const started: Closeable[] = [{ close: () => agent.destroy() }]
  try {
    const proxy = await startConnectivityProxy({
      config: proxyConfig(options),
      verifier: cloud.verifier,
      service: { url: key.connectivityUrl, ca: authority.certificatePem, token: () => token.get(), instance: key },
      tls: { cert, key: tlsKey, connectorCa: authority.certificatePem },
      userTokenNamesTenant: true,
      mayActFor: (caller, userTenantId) => cloud.tenantAccess.mayActFor(caller, userTenantId),
      audit: options.audit,
      clock,
      log,
    })
    started.push(proxy)
    // Whether the proxy knows the connectors cannot be seen from its ports: a health endpoint tells it, as with others.
    const readyUrl = `${proxy.healthUrl}/health/ready`
    return {
      components: [
        { name: 'HTTP proxy', url: `http://${host}:${proxy.httpPort}`, readyUrl },
        { name: 'SOCKS5 proxy', url: `socks5://${host}:${proxy.socks5Port}`, readyUrl },
        { name: 'RFC and LDAP proxy', url: `tcp://${host}:${proxy.rfcPort}`, readyUrl },
        { name: 'tunnel server', url: `tls://${host}:${proxy.tunnelPort}`, readyUrl },
      ],
      drain: () => proxy.drain(drainMs),
      close: () => closeAll(started),
    }
  } catch (failure) {
    await closeAll(started)
    throw failure
  }
}

function proxyConfig({ host, ports, dataDirectory, demoService }: UpProxyOptions) {
  return loadConfig(connectivityProxyConfigSchema, {
    environment: {},
    overrides: {
      tenantMode: 'shared',
      'servers.businessDataTunnel.port': ports.tunnel,
      'servers.businessDataTunnel.externalHost': tunnelServerName,
      'servers.businessDataTunnel.externalPort': 0,
      'servers.proxy.http.enabled': true,
      'servers.proxy.http.port': ports.proxy,
      'servers.proxy.socks5.port': ports.socks,
      'servers.proxy.rfcAndLdap.enabled': true,
      'servers.proxy.rfcAndLdap.port': ports.rfc,
      'landbridge.acceptConnectivityBindings': true,
      'landbridge.tunnelBindAddress': host,
      'landbridge.externalAddress': host,
      'landbridge.serviceMappings': [
        {
          name: 'demo-echo',
          type: 'TCP',
          subaccountId: demoService.subaccountId,
          serviceId: demoServiceId,
          internalAddress: demoService.address,
        },
      ],
      'landbridge.serviceMappingsFile': join(dataDirectory, mappingsFile),
      'landbridge.health.host': host,
      'landbridge.health.port': 0,
    },
  })
}
