import type { CallingClient, ClientDirectory, ClientOf, Tenant, VerifiedToken } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import { type ServiceInstance, servesAllSubaccounts } from '../services/service-instance.ts'
import { letsIn } from './subscription.ts'

export interface TenantAccessOptions {
  readonly repository: RegistryRepository & ClientDirectory
  readonly clock: Clock
  /** The client that a token was issued to. Default: the binding with the client ID of the token. */
  readonly clientOf?: ClientOf
}

/** A change of subscriptions is seen after this time, on every replica. */
const rememberMs = 10_000
const maxRemembered = 10_000

/**
 * Which clients may work for which tenants: a client in its own subaccount, and in every subaccount that is subscribed
 * to an application of it. An application with a provisioning instance lists the instances that it works with as its
 * dependencies (guide L12082, L16172), and those act for the subscriber, others do not. Without a provisioning instance
 * there is no such list, and all instances of the provider profit.
 */
export class TenantAccess {
  readonly #repository: RegistryRepository & ClientDirectory
  readonly #clientOf: ClientOf
  readonly #clock: Clock
  /** Answers to `mayActFor`, in order of their age. */
  readonly #remembered: Map<string, { readonly answer: boolean; readonly untilMs: number }>

  constructor({ repository, clock, clientOf }: TenantAccessOptions) {
    this.#repository = repository
    this.#clientOf = clientOf ?? ((token) => repository.findClient(token.clientId))
    this.#clock = clock
    this.#remembered = new Map()
  }

  /** Whether a client may get tokens of a tenant. Reads the store, so that an ended subscription ends at once. */
  async mayActIn(client: CallingClient, tenant: Tenant): Promise<boolean> {
    if (client.subaccountId === tenant.id) return true
    if (client.service === 'connectivity_proxy') {
      const instance = await this.#repository.findInstance(client.instanceId)
      if (instance !== undefined && servesAllSubaccounts(instance)) return true
    }
    return this.#isLetIn(client, tenant.id)
  }

  /**
   * Whether a caller with this token may act for a user of another tenant. The token must be of the client's own
   * subaccount: one that was issued for a subscriber speaks for that subscriber and for nobody else.
   * Answers are remembered for ten seconds.
   */
  async mayActFor(token: VerifiedToken, userTenantId: string): Promise<boolean> {
    const key = `${token.clientId}\n${token.instanceId}\n${token.tenantId}\n${userTenantId}`
    const nowMs = this.#clock.now()
    const known = this.#remembered.get(key)
    if (known !== undefined && known.untilMs > nowMs) return known.answer
    const client = await this.#clientOf(token)
    const answer =
      client !== undefined && client.subaccountId === token.tenantId && (await this.#isLetIn(client, userTenantId))
    this.#remember(key, answer, nowMs)
    return answer
  }

  async #isLetIn({ instanceId, subaccountId }: CallingClient, subscriberId: string): Promise<boolean> {
    const all = await this.#repository.listSubscriptions(subscriberId)
    const toProvider = all.filter((one) => one.providerSubaccountId === subaccountId)
    if (toProvider.length === 0) return false
    const instance = await this.#instanceOf(instanceId)
    return toProvider.some((subscription) => letsIn(subscription, instance?.xsappname ?? ''))
  }

  async #instanceOf(id: string): Promise<ServiceInstance | undefined> {
    return id === '' ? undefined : this.#repository.findInstance(id)
  }

  #remember(key: string, answer: boolean, nowMs: number): void {
    this.#remembered.delete(key)
    this.#remembered.set(key, { answer, untilMs: nowMs + rememberMs })
    if (this.#remembered.size <= maxRemembered) return
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest)
      break
    }
  }
}
