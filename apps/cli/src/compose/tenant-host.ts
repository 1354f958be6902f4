import { lookup } from 'node:dns/promises'
import { setTimeout as after } from 'node:timers/promises'

const longestLookupMs = 500

/**
 * Where clients find the token service of a tenant. Names below `localhost` lead to the own machine (RFC 6761 section
 * 6.3), but not every resolver knows that; clients of this machine then get the platform's name, at which the token
 * service takes the tenant that the client belongs to. Other domains are left alone: where they lead is the business of
 * whoever configured them.
 */
export async function tokenServiceAddress(
  subdomain: string,
  uaaDomain: string,
): Promise<{ readonly tokenServiceUrl?: string }> {
  const domain = uaaDomain.replace(/:\d+$/, '')
  const isLocal = domain === 'localhost' || domain.endsWith('.localhost')
  if (!isLocal || (await isLoopback(`${subdomain}.${domain}`))) return {}
  return { tokenServiceUrl: `https://${uaaDomain}` }
}

/** False also for a name that no resolver answers in time: clients would wait as long. */
async function isLoopback(name: string): Promise<boolean> {
  const timer = new AbortController()
  const late = after(longestLookupMs, [], { ref: false, signal: timer.signal }).catch(() => [])
  const found = lookup(name, { all: true }).catch(() => [])
  const addresses = await Promise.race([found, late])
  timer.abort()
  return addresses.length > 0 && addresses.every(({ address }) => address === '::1' || address.startsWith('127.'))
}
