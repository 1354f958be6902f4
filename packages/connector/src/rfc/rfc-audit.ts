import { randomBytes } from 'node:crypto'
import type { SubaccountContext } from '../subaccount-context.ts'
import type { RfcAddress } from './rfc-address.ts'
import { rfcAuditLine, systemName } from './rfc-texts.ts'

/** The audit lines of one RFC connection: they share its ID. */
export class RfcAudit {
  /** Signed, 32 bits (guide L15173). */
  readonly connectionId: number
  /** Who calls: the user of the logon, before it the user or client of the caller's token. */
  user: string
  readonly #context: SubaccountContext
  readonly #address: RfcAddress

  constructor(context: SubaccountContext, address: RfcAddress, user: string) {
    this.connectionId = randomBytes(4).readInt32BE(0)
    this.user = user
    this.#context = context
    this.#address = address
  }

  deniedSystem(reason: string): void {
    this.#record(reason, rfcAuditLine.system(printable(this.user), systemName(this.#address), this.connectionId))
  }

  /** At level `All` every call is recorded (guide L30010). */
  allowedResource(resource: string): void {
    const { virtualHost, shownPort } = this.#address
    const { subaccountId, allowed } = this.#context
    allowed?.({ subaccountId, virtualHost, virtualPort: shownPort, path: '', reason: '', resource })
  }

  deniedResource(resource: string, reason: string): void {
    const line = rfcAuditLine.resource(printable(this.user), resource, systemName(this.#address), this.connectionId)
    this.#record(reason, line, resource)
  }

  #record(reason: string, message: string, resource?: string): void {
    const { virtualHost, shownPort } = this.#address
    const { subaccountId } = this.#context
    const known = { subaccountId, virtualHost, virtualPort: shownPort, path: '', reason, message }
    this.#context.denied(resource === undefined ? known : { ...known, resource })
  }
}

/** What a client sends as user may hold anything; a line of the audit log stays one line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, 100)
}
