import type { Probe, ProbeAnswer, ProbeRequest } from '@landbridge/destinations'
import { present } from '@landbridge/destinations'
import type { Clock, Log, Secret } from '@landbridge/kernel'
import type { PlatformEndpoints, RegistryRepository } from '@landbridge/registry'
import { tokenServiceUrl } from '@landbridge/registry'
import type { Dispatcher } from 'undici'
import { createAgent } from '../http/agent.ts'
import { connectionFailure } from '../http/failure.ts'
import { ClientToken } from './client-token.ts'

export interface OnPremiseProbeOptions {
  readonly registry: Pick<RegistryRepository, 'findSubaccount' | 'listInstances' | 'listBindings'>
  readonly endpoints: (subdomain: string) => Promise<PlatformEndpoints>
  /** PEM of the authority of the token service. */
  readonly ca: string
  readonly clock: Clock
  readonly log: Log
}

const timeoutMs = 20_000

/**
 * Probes targets behind a connector through the connectivity proxy, with a token of a connectivity instance of the
 * subaccount. A subaccount without one cannot reach its connectors either.
 */
export function onPremiseProbe(options: OnPremiseProbeOptions): Probe {
  return async (request) => {
    const agent = createAgent({ caFiles: [], ca: [options.ca], hostNames: [], address: '127.0.0.1' })
    try {
      return await probe(options, request, agent)
    } catch (cause) {
      const reason = connectionFailure(cause)
      options.log.info('destination.check.failed', { subaccountId: request.destination.level.subaccountId, reason })
      return { failure: reason }
    } finally {
      await agent.destroy()
    }
  }
}

async function probe(
  { registry, endpoints, clock }: OnPremiseProbeOptions,
  { method, url, headers, destination }: ProbeRequest,
  agent: Dispatcher,
): Promise<ProbeAnswer> {
  const { subaccountId } = destination.level
  const subaccount = await registry.findSubaccount(subaccountId)
  const client = await connectivityClient(registry, subaccountId)
  if (subaccount === undefined || client === undefined) return { failure: 'there is no connectivity instance' }
  const platform = await endpoints(subaccount.subdomain)
  const tokenUrl = `${tokenServiceUrl(subaccount.subdomain, platform)}/oauth/token`
  const token = await new ClientToken({ url: tokenUrl, ...client, agent, clock }).get()
  const locationId = present(destination.properties, 'CloudConnectorLocationId')
  const target = new URL(url)
  const { proxy } = platform
  const answer = await agent.request({
    origin: `http://${proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host}:${proxy.httpPort}`,
    // Always http: the connector decides how the backend is called.
    path: `http://${target.host}${target.pathname}${target.search}`,
    method,
    headers: {
      ...headers,
      host: target.host,
      'proxy-authorization': `Bearer ${token}`,
      ...(locationId === undefined ? {} : { 'sap-connectivity-scc-location_id': locationId }),
    },
    signal: AbortSignal.timeout(timeoutMs),
  })
  const code = answer.headers['x-landbridge-error']
  return typeof code === 'string' ? { failure: code, code } : { status: answer.statusCode }
}

async function connectivityClient(
  registry: OnPremiseProbeOptions['registry'],
  subaccountId: string,
): Promise<{ readonly clientId: string; readonly clientSecret: Secret } | undefined> {
  for (const { id, service } of await registry.listInstances(subaccountId))
    if (service === 'connectivity')
      for (const { clientId, clientSecret } of await registry.listBindings(id))
        if (clientSecret !== undefined) return { clientId, clientSecret }
  return undefined
}
