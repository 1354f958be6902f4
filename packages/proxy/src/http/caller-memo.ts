import { H, type RequestHead } from '@landbridge/http1'
import type { Caller, Credentials } from '../authorization/access-policy.ts'
import type { TunnelGroup } from '../tunnels/tunnel-group.ts'

const identities = [
  H.proxyAuthorization,
  H.sapConnectivityAuthentication,
  H.sapConnectivityTechnicalAuthentication,
  H.sapServiceToken,
  H.sapLocationId,
] as const

const userIndex = 1

const absent = Buffer.alloc(0)

/**
 * What the last request of a connection was allowed, with the exact header bytes that led there. Clients send the same
 * tokens again and again: comparing bytes costs a fraction of reading a token, and each request is still checked.
 */
export class CallerMemo {
  readonly #values: Buffer[]
  caller: Caller | null
  group: TunnelGroup | null

  constructor() {
    this.#values = identities.map(() => absent)
    this.caller = null
    this.group = null
  }

  /** True when the head carries the very same credentials and location as the remembered one and they still live. */
  matches(source: Buffer, head: RequestHead, nowMs: number): boolean {
    return this.#matches(source, head, nowMs, -1)
  }

  /** The same, but for the user in a header of its own, whom both heads have and who may be another one. */
  matchesButUser(source: Buffer, head: RequestHead, nowMs: number): boolean {
    const index = head.find(H.sapConnectivityAuthentication)
    // Without a user of its own the remembered decision may have taken one from elsewhere.
    if (index < 0 || head.valueStart[index] === head.valueEnd[index] || this.#values[userIndex]!.length === 0)
      return false
    return this.#matches(source, head, nowMs, userIndex)
  }

  #matches(source: Buffer, head: RequestHead, nowMs: number, except: number): boolean {
    if (this.caller === null || this.caller.expiresAtMs <= nowMs) return false
    for (let i = 0; i < identities.length; i++) {
      if (i === except) continue
      const index = head.find(identities[i]!)
      const value = this.#values[i]!
      if (index < 0) {
        if (value !== absent) return false
        continue
      }
      // Compared by the parser already.
      if (i === 0 && index === head.knownIndex) continue
      const start = head.valueStart[index]!
      const end = head.valueEnd[index]!
      if (end - start !== value.length || value.compare(source, start, end) !== 0) return false
    }
    return true
  }

  /** Tells the parser what the next head will probably carry. Call before each head: heads are shared. */
  expect(head: RequestHead): void {
    head.knownId = H.proxyAuthorization
    head.knownValue = this.#values[0]!
  }

  /** Remembers the header bytes of this head together with the decision. */
  remember(source: Buffer, head: RequestHead, caller: Caller, group: TunnelGroup): void {
    for (let i = 0; i < identities.length; i++) {
      const index = head.find(identities[i]!)
      this.#values[i] =
        index < 0 ? absent : Buffer.from(source.subarray(head.valueStart[index]!, head.valueEnd[index]!))
    }
    this.caller = caller
    this.group = group
  }
}

/** The credentials of a head as text. */
export function readCredentials(source: Buffer, head: RequestHead): Credentials {
  return {
    proxyAuthorization: field(source, head, H.proxyAuthorization),
    userAuthentication: field(source, head, H.sapConnectivityAuthentication),
    technicalAuthentication: field(source, head, H.sapConnectivityTechnicalAuthentication),
    serviceToken: field(source, head, H.sapServiceToken),
  }
}

/** The location ID as plain text, compared literally (guide L12077); '' for the default connector. */
export function readLocation(source: Buffer, head: RequestHead): string {
  return field(source, head, H.sapLocationId)
}

/** Names of credential headers that occur more than once: which one counts would be a guess. */
export function hasRepeatedCredential(head: RequestHead): boolean {
  for (let i = 0; i < identities.length; i++) {
    const first = head.find(identities[i]!)
    if (first >= 0 && head.find(identities[i]!, first + 1) >= 0) return true
  }
  return false
}

function field(source: Buffer, head: RequestHead, id: number): string {
  const index = head.find(id)
  return index < 0 ? '' : source.toString('utf8', head.valueStart[index]!, head.valueEnd[index]!)
}
