import { H, type RequestHead } from '@landbridge/http1'
import type { Session } from '@landbridge/tunnel'
import type { Caller } from '../authorization/access-policy.ts'
import { type CallerMemo, readCredentials, readLocation } from './caller-memo.ts'
import type { HttpFront } from './http-front.ts'
import type { KnownUser } from './known-users.ts'

export interface KnownCaller {
  readonly caller: Caller
  readonly session: Session
}

type KnownCallerFront = Pick<HttpFront, 'authorizer' | 'users' | 'tunnels' | 'nowMs' | 'doubleLogon'>

/**
 * Another caller than the one before on the same connection, when nothing has to be waited for: users take turns on the
 * connections of an application. Null: take the long way.
 */
export function knownCaller(
  { authorizer, users, tunnels, nowMs, doubleLogon }: KnownCallerFront,
  memo: CallerMemo,
  source: Buffer,
  head: RequestHead,
): KnownCaller | null {
  if (!authorizer.userDecides && memo.matchesButUser(source, head, nowMs)) {
    const index = head.find(H.sapConnectivityAuthentication)
    const userToken =
      index === head.foundIndex
        ? (head.found as KnownUser).token
        : users.token(source, head.valueStart[index]!, head.valueEnd[index]!, nowMs)
    const session = memo.group?.pick() ?? null
    if (session !== null) return { caller: { ...(memo.caller as Caller), userToken }, session }
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
