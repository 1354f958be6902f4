import type { LookupAddress } from 'node:dns'
import dns from 'node:dns/promises'
import { isIP } from 'node:net'

/** Names remembered at most; the oldest are forgotten first. */
const maximumNames = 1_000
/** Per name, how often it was dialled. */
const turns = new Map<string, number>()

/**
 * The addresses of a host, to be tried in this order. Each call begins with the next one, so that connections spread
 * over all of them. The family that the resolver prefers (RFC 6724) goes first as a whole: where the other one leads
 * nowhere, every second connection would wait for it. DNS is asked anew each time; sorting keeps the turns when DNS
 * rotates the addresses as well.
 * @throws Error with the code of the resolver, for example ENOTFOUND
 */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await dns.lookup(host, { all: true })
  const turn = turns.get(host) ?? Math.floor(Math.random() * 1_000)
  turns.delete(host)
  turns.set(host, turn + 1)
  if (turns.size > maximumNames) turns.delete(turns.keys().next().value!)
  const preferred = found[0]?.family
  return [
    ...turned(
      found.filter(({ family }) => family === preferred),
      turn,
    ),
    ...turned(
      found.filter(({ family }) => family !== preferred),
      turn,
    ),
  ]
}

function turned(found: readonly LookupAddress[], turn: number): readonly string[] {
  const addresses = [...new Set(found.map(({ address }) => address))].sort()
  const first = addresses.length === 0 ? 0 : turn % addresses.length
  return [...addresses.slice(first), ...addresses.slice(0, first)]
}
