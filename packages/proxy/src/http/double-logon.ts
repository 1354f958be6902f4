import { H, type RequestHead } from '@landbridge/http1'
import type { Log } from '@landbridge/kernel'
import type { Caller } from '../authorization/access-policy.ts'

const maxClients = 1_000

/**
 * Tells, once for each application, of requests that carry a user and `Authorization` as well: both pass unchanged, and
 * the internal system decides which of them it believes (guide L34347). Asked when a caller is decided about, not for
 * each request.
 */
export class DoubleLogon {
  readonly #log: Log
  readonly #told: Set<string>

  constructor(log: Log) {
    this.#log = log
    this.#told = new Set()
  }

  note(head: RequestHead, { userToken, technicalToken, clientId, subaccountId }: Caller): void {
    if ((userToken === '' && technicalToken === '') || head.find(H.authorization) < 0) return
    const key = `${subaccountId} ${clientId}`
    if (this.#told.has(key) || this.#told.size >= maxClients) return
    this.#told.add(key)
    this.#log.warn('proxy.authorization-beside-user', { subaccount: subaccountId, client: clientId })
  }
}
