import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'

/** Refuses an address that a name leads to by throwing. It is asked for each of them, at the moment of connecting. */
export type AddressGuard = (host: string, address: string) => void

type LookupDone = (failure: Error | null, address: string | LookupAddress[], family?: number) => void

/**
 * The `lookup` of a connection that may go to permitted addresses only: a name with one that is not is refused as a
 * whole, with what the guard threw. A literal address is connected to without a look-up: ask the guard before. Names
 * below `localhost` are this machine (RFC 6761 section 6.3), which not every resolver knows.
 */
export function guardedLookup(guard: AddressGuard) {
  const guarded = (name: string, how: LookupOptions, done: LookupDone): void => {
    const host = name.toLowerCase().endsWith('.localhost') ? 'localhost' : name
    lookup(host, { ...how, all: true }, (failure, addresses) => {
      if (failure !== null) return done(failure, [])
      try {
        for (const { address } of addresses) guard(host, address)
      } catch (refusal) {
        return done(refusal instanceof Error ? refusal : new Error('refused'), [])
      }
      const [first] = addresses
      if (how.all === true) return done(null, addresses)
      if (first === undefined) return done(new Error('no address'), [])
      done(null, first.address, first.family)
    })
  }
  return guarded as never // the types of Node and undici leave the form for several addresses out
}

/** An error and what caused it, outermost first; of several addresses that were tried, the first one's. */
export function* causesOf(failure: unknown): Generator<Error> {
  for (let at = failure; at instanceof Error; at = at.cause) {
    yield at
    const inner: unknown = at instanceof AggregateError ? at.errors[0] : undefined
    if (inner instanceof Error) yield inner
  }
}

/** The first code in an error and its causes, such as `ECONNREFUSED`, for which `accept` says yes. */
export function codeOf(failure: unknown, accept: (code: string) => boolean = () => true): string | undefined {
  for (const error of causesOf(failure))
    if ('code' in error && typeof error.code === 'string' && accept(error.code)) return error.code
  return undefined
}

/** Whether it is that nobody answered in time. */
export function isTimeout(failure: unknown): boolean {
  return [...causesOf(failure)].some(({ name }) => name === 'TimeoutError' || name === 'AbortError')
}
