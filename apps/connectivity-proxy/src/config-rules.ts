import { isIP } from 'node:net'
import type { ConnectivityProxyConfig } from './config.ts'

/**
 * What the schema cannot say: contradictions, and what this proxy cannot do yet. One line for each problem with the
 * key, what is expected there and what was found (connectivity-proxy 3.1).
 */
export function configProblems(config: ConnectivityProxyConfig): readonly string[] {
  return [...tenantProblems(config), ...tunnelProblems(config), ...unsupported(config)]
}

/** Keys that are set and have no effect, for one line in the log. */
export function settingsWithoutEffect(config: ConnectivityProxyConfig): readonly string[] {
  const { servers, jvm } = config
  const given: Readonly<Record<string, unknown>> = {
    'servers.businessDataTunnel.threadPoolSize': servers.businessDataTunnel.threadPoolSize,
    'servers.proxy.threadPoolSize': servers.proxy.threadPoolSize,
    'jvm.errorFilePath': jvm.errorFilePath,
    'jvm.heapDumpPath': jvm.heapDumpPath,
    'jvm.memory.maxDirectSize': jvm.memory.maxDirectSize,
    'jvm.memory.maxHeapSize': jvm.memory.maxHeapSize,
    'jvm.memory.minHeapSize': jvm.memory.minHeapSize,
  }
  return Object.keys(given).filter((key) => given[key] !== undefined)
}

/** Enabled proxies that whoever reaches this machine may use, for a warning. */
export function proxiesOpenToNetwork({ servers }: ConnectivityProxyConfig): readonly string[] {
  return (['http', 'rfcAndLdap', 'socks5'] as const).filter((name) => {
    const { enabled, allowRemoteConnections, enableProxyAuthorization } = servers.proxy[name]
    return enabled && allowRemoteConnections && !enableProxyAuthorization
  })
}

function tenantProblems({
  tenantMode,
  subaccountId,
  subaccountSubdomain,
  servers,
  landbridge,
}: ConnectivityProxyConfig) {
  const problems: string[] = []
  const { http, rfcAndLdap, socks5, authorization } = servers.proxy
  // Only what listens counts: a proxy that is off contradicts nothing.
  const enabled = [http, rfcAndLdap, socks5].filter((listener) => listener.enabled)
  if (tenantMode === 'dedicated' && subaccountId === '')
    problems.push('subaccountId: expected the ID of a subaccount because tenantMode is "dedicated", found nothing')
  const isTrusted = enabled.some((listener) => !listener.enableProxyAuthorization)
  if (tenantMode === 'dedicated' && isTrusted && subaccountSubdomain === '')
    problems.push(
      'subaccountSubdomain: expected the subdomain of the subaccount because tenantMode is "dedicated" and a proxy works without authorization, found nothing',
    )
  const asksForToken = enabled.some((listener) => listener.enableProxyAuthorization)
  if (asksForToken && authorization.oauth.allowedClientId === '' && !landbridge.acceptConnectivityBindings)
    problems.push(
      'servers.proxy.authorization.oauth.allowedClientId: expected the ID of an OAuth client because a proxy with authorization is enabled, found nothing (or set landbridge.acceptConnectivityBindings to accept all connectivity bindings)',
    )
  return problems
}

function tunnelProblems({ servers }: ConnectivityProxyConfig): readonly string[] {
  const { externalHost, strictSniEnabled, enableTls } = servers.businessDataTunnel
  const problems: string[] = []
  if (externalHost === '')
    problems.push(
      'servers.businessDataTunnel.externalHost: expected the name under which Cloud Connectors reach this proxy, found nothing',
    )
  if (strictSniEnabled && isIP(externalHost) !== 0)
    problems.push(
      `servers.businessDataTunnel.strictSniEnabled: expected false because no client names an IP address as server name, found true with externalHost "${externalHost}"`,
    )
  if (!enableTls)
    problems.push(
      'servers.businessDataTunnel.enableTls: expected true, found false: tunnels whose TLS ends in an ingress are not supported yet; pass TLS through to this proxy',
    )
  return problems
}

function unsupported({ highAvailabilityMode, integration }: ConnectivityProxyConfig) {
  const problems: string[] = []
  if (highAvailabilityMode !== 'off')
    problems.push(
      `highAvailabilityMode: expected "off", found "${highAvailabilityMode}": it is not supported yet; give each replica an externalHost of its own`,
    )
  for (const key of ['mode', 'serviceCredentialsKey'] as const)
    if (integration.auditlog[key] !== undefined)
      problems.push(
        `integration.auditlog.${key}: expected nothing, found "${integration.auditlog[key]}": audit events are not supported yet`,
      )
  return problems
}
