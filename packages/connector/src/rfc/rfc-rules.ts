import type { System } from '@landbridge/access'
import type { RfcDenial, RfcRules } from '@landbridge/rfc'
import type { SubaccountContext } from '../subaccount-context.ts'
import type { RfcAddress } from './rfc-address.ts'
import type { RfcAudit } from './rfc-audit.ts'
import type { RfcCalls } from './rfc-calls.ts'
import { defaultRfcSettings } from './rfc-settings.ts'
import { rfcText, systemName } from './rfc-texts.ts'

/**
 * Decides about every message of one connection by the access control of that moment: a mapping, resource, client or
 * user that changes takes effect on the next call of a connection that is already open.
 */
export class LiveRfcRules implements RfcRules {
  readonly #context: SubaccountContext
  readonly #address: RfcAddress
  readonly #connected: System
  readonly #audit: RfcAudit
  readonly #calls: RfcCalls
  #client: string
  #user: string

  constructor(context: SubaccountContext, address: RfcAddress, connected: System, audit: RfcAudit, calls: RfcCalls) {
    this.#context = context
    this.#address = address
    this.#connected = connected
    this.#audit = audit
    this.#calls = calls
    this.#client = ''
    this.#user = ''
  }

  logon(client: string, user: string): RfcDenial | undefined {
    if (client !== '') this.#client = client
    if (user !== '') this.#user = user
    this.#audit.user = this.#user
    return this.#userDenial()
  }

  call(functionName: string): RfcDenial | undefined {
    const { port, service, virtualHost } = this.#address
    const decision = this.#context.access.decideRfc(virtualHost, port, service)
    const system = systemName(this.#address)
    if (typeof decision === 'number' || !leadsToSamePlace(decision.system, this.#connected)) {
      this.#audit.deniedSystem('NO_SYSTEM')
      return { text: rfcText.noSystem(system), isFinal: true }
    }
    const denied = this.#userDenial()
    if (denied !== undefined) return denied
    const { infrastructureFunctions } = this.#context.rfc ?? defaultRfcSettings
    if (infrastructureFunctions.has(functionName) || decision.functions.admits(functionName)) {
      this.#audit.allowedResource(functionName)
      this.#calls.begin(decision, functionName, this.#user)
      return undefined
    }
    this.#audit.deniedResource(functionName, 'NO_RESOURCE')
    return { text: rfcText.noFunction(functionName, system), isFinal: false }
  }

  /** Client and user of the logon against the lists as they are now. */
  #userDenial(): RfcDenial | undefined {
    const { port, service, virtualHost } = this.#address
    const decision = this.#context.access.decideRfc(virtualHost, port, service)
    if (typeof decision === 'number') return undefined
    const { allowedClients, blockedUsers } = decision.system
    const client = this.#client
    const user = this.#user.toUpperCase()
    const isClientAllowed = allowedClients.length === 0 || allowedClients.includes(client)
    // A logon that names no user (a ticket, an alias) could be a blocked one.
    const isBlocked =
      blockedUsers.length > 0 &&
      (user === '' || blockedUsers.some((entry) => entry.client === client && entry.user.toUpperCase() === user))
    if (isClientAllowed && !isBlocked) return undefined
    this.#audit.deniedSystem('RFC_LOGON_NOT_ALLOWED')
    return { text: rfcText.noUser(this.#user, client, systemName(this.#address)), isFinal: true }
  }
}

function leadsToSamePlace(now: System, then: System): boolean {
  return (
    now.internalHost === then.internalHost && now.internalPort === then.internalPort && now.protocol === then.protocol
  )
}
