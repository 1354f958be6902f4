import type { RequestHead } from '@landbridge/http1'
import type { Session } from '@landbridge/tunnel'
import type { Caller } from '../authorization/access-policy.ts'
import { type CallerMemo, readCredentials, readLocation, readUser } from './caller-memo.ts'
import type { HttpFront } from './http-front.ts'

export interface KnownCaller {
  readonly caller: Caller
  readonly session: Session
}

/**
 * Another caller than the one before on the same connection, when nothing has to be waited for: users take turns on the
 * connections of an application. Null: take the long way.
 */
export function knownCaller(
  { authorizer, tunnels, nowMs, doubleLogon }: Pick<HttpFront, 'authorizer' | 'tunnels' | 'nowMs' | 'doubleLogon'>,
  memo: CallerMemo,
  source: Buffer,
  head: RequestHead,
): KnownCaller | null {
  if (memo.matchesButUser(source, head, nowMs)) {
    const caller = authorizer.forUser(memo.caller as Caller, readUser(source, head))
    const session = memo.group?.pick() ?? null
    if (caller !== null && session !== null) return { caller, session }
  }
  const caller = authorizer.known(readCredentials(source, head))
  if (caller === null) return null
  const group = tunnels.group(caller.subaccountId, readLocation(source, head))
  const session = group.pick()
  if (session === null) return null
  memo.remember(source, head, caller, group)
  doubleLogon.note(head, caller)
  return { caller, session }
}
