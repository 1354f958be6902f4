import dns from 'node:dns/promises'
import { isIP } from 'node:net'

/** Names remembered at most; the oldest are forgotten first. */
const maximumNames = 1_000
/** Per name, how often it was dialled. */
const turns = new Map<string, number>()

/**
 * The addresses of a host, to be tried in this order. Each call begins with the next one, so that connections spread
 * over all of them. DNS is asked anew each time; sorting keeps the turns when DNS rotates the addresses as well.
 * @throws Error with the code of the resolver, for example ENOTFOUND
 */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = [...new Set((await dns.lookup(host, { all: true })).map(({ address }) => address))].sort()
  const turn = turns.get(host) ?? Math.floor(Math.random() * 1_000)
  turns.delete(host)
  turns.set(host, turn + 1)
  if (turns.size > maximumNames) turns.delete(turns.keys().next().value!)
  const first = turn % found.length
  return [...found.slice(first), ...found.slice(0, first)]
}
