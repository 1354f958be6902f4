import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { BoundService } from '../credentials/render-credentials.ts'
import type { Registry } from '../registry.ts'
import { type InstanceParameters, type ServiceInstance, servesAllSubaccounts } from '../services/service-instance.ts'
import { type CatalogPlan, hasService, planById, planByName } from './catalog.ts'
import { requestDigest } from './request-digest.ts'

type Parameters = Readonly<Record<string, unknown>>

/** A body as platforms send it; unknown members are ignored, as the API demands. */
export interface ProvisionRequest {
  readonly service_id?: unknown
  readonly plan_id?: unknown
  readonly organization_guid?: unknown
  readonly context?: Parameters | undefined
  readonly parameters?: Parameters | undefined
}

export interface BindRequest {
  readonly service_id?: unknown
  readonly plan_id?: unknown
  readonly context?: Parameters | undefined
  readonly parameters?: Parameters | undefined
}

/** `existing` when the same request was carried out before. */
export interface Outcome<T> {
  readonly outcome: 'created' | 'existing'
  readonly value: T
}

const idPattern = /^[\w.-]{1,50}$/
const namePattern = /^[\w .-]{1,50}$/

/** Platforms whose instance names are unique in a space or namespace only, of which a subaccount may have many. */
const sharesNames: ReadonlySet<unknown> = new Set(['cloudfoundry', 'kubernetes'])

/**
 * The rules of the Open Service Broker API 2.17 over the registry. Instances made through another channel can be
 * updated, bound and removed here as well; those that serve all subaccounts are the operator's and do not exist here.
 */
export class ServiceBroker {
  readonly #registry: Registry
  /** What is being worked on in this process, by ID. */
  readonly #busy: Set<string>

  constructor(registry: Registry) {
    this.#registry = registry
    this.#busy = new Set()
  }

  /**
   * @param subaccountId when the address of the broker belongs to one subaccount
   * @throws PlatformError REQUEST_INVALID, BROKER_CONFLICT, BROKER_BUSY, DESTINATION_INIT_DATA_FAILED …
   */
  provision(
    instanceId: string,
    request: ProvisionRequest,
    subaccountId: string | undefined,
  ): Promise<Outcome<ServiceInstance>> {
    return this.#exclusively(checkedId(instanceId, 'instance_id'), async () => {
      const plan = planOf(request)
      const tenant = await this.#tenant(request, subaccountId)
      const parameters = dedicated(plan, request.parameters ?? {})
      const digest = requestDigest([plan.serviceId, plan.planId, tenant, parameters])
      const present = await this.#find(instanceId)
      if (present !== undefined) return repeated(present, digest)
      const { service, plan: name } = plan
      const wanted = { id: instanceId, subaccountId: tenant, service, plan: name, parameters, requestDigest: digest }
      try {
        return { outcome: 'created', value: await this.#create(wanted, request.context) }
      } catch (failure) {
        // Another replica may have been faster with the same request.
        const other = isPlatformError(failure, 'INSTANCE_NAME_TAKEN') ? await this.#find(instanceId) : undefined
        if (other === undefined) throw failure
        return repeated(other, digest)
      }
    })
  }

  async #create(
    wanted: Omit<Parameters0<Registry['createInstance']>, 'name'> & { readonly id: string },
    context: Parameters = {},
  ): Promise<ServiceInstance> {
    const given = context.instance_name
    const isName = typeof given === 'string' && namePattern.test(given)
    if (!isName) return this.#registry.createInstance({ ...wanted, name: wanted.id })
    try {
      return await this.#registry.createInstance({ ...wanted, name: given })
    } catch (failure) {
      if (!sharesNames.has(context.platform) || !isPlatformError(failure, 'INSTANCE_NAME_TAKEN')) throw failure
      return this.#registry.createInstance({ ...wanted, name: wanted.id })
    }
  }

  /** @throws PlatformError INSTANCE_UNKNOWN, REQUEST_INVALID, DESTINATION_INIT_DATA_FAILED … */
  update(instanceId: string, request: ProvisionRequest, subaccountId: string | undefined): Promise<ServiceInstance> {
    return this.#exclusively(instanceId, async () => {
      const instance = await this.instance(instanceId, subaccountId)
      const present = planByName(instance.service, instance.plan)
      if (request.service_id !== present?.serviceId) throw invalid('service_id', 'is not that of the instance')
      if (request.plan_id !== undefined && request.plan_id !== present?.planId)
        throw invalid('plan_id', 'cannot be changed: create another instance')
      const { tenantMode } = request.parameters ?? {}
      if (instance.service === 'connectivity_proxy' && tenantMode !== undefined && tenantMode !== 'dedicated')
        throw invalid('parameters.tenantMode', 'must be dedicated')
      return this.#registry.updateInstance(instanceId, request.parameters ?? {})
    })
  }

  /** @throws PlatformError BROKER_GONE, REQUEST_INVALID, INSTANCE_HAS_BINDINGS */
  deprovision(instanceId: string, request: ProvisionRequest, subaccountId: string | undefined): Promise<void> {
    return this.#exclusively(instanceId, async () => {
      const instance = await this.instance(instanceId, subaccountId).catch(gone)
      checkIds(request, instance)
      await this.#registry.deleteInstance(instanceId)
    })
  }

  /** @throws PlatformError INSTANCE_UNKNOWN */
  async instance(instanceId: string, subaccountId: string | undefined): Promise<ServiceInstance> {
    const instance = await this.#registry.instance(instanceId)
    const isElsewhere = subaccountId !== undefined && instance.subaccountId !== subaccountId
    if (isElsewhere || servesAllSubaccounts(instance)) throw new PlatformError('INSTANCE_UNKNOWN', { instanceId })
    return instance
  }

  /** @throws PlatformError INSTANCE_UNKNOWN, REQUEST_INVALID, BROKER_CONFLICT, BINDING_INVALID, BINDING_X509_UNSUPPORTED */
  bind(
    instanceId: string,
    bindingId: string,
    request: BindRequest,
    subaccountId: string | undefined,
  ): Promise<Outcome<BoundService>> {
    return this.#exclusively(checkedId(bindingId, 'binding_id'), async () => {
      const instance = await this.instance(instanceId, subaccountId)
      checkIds(request, instance)
      const parameters = request.parameters ?? {}
      const digest = requestDigest([instanceId, parameters])
      const present = await this.#findBinding(bindingId)
      if (present !== undefined) {
        if (present.instance.id !== instanceId || present.binding.requestDigest !== digest) throw conflict(bindingId)
        return { outcome: 'existing', value: present }
      }
      const given = request.context?.binding_name
      const name = typeof given === 'string' && namePattern.test(given) ? given : bindingId
      const wanted = { id: bindingId, instanceId, name, parameters, requestDigest: digest }
      return { outcome: 'created', value: await this.#registry.createBinding(wanted) }
    })
  }

  /** @throws PlatformError BINDING_UNKNOWN */
  async binding(instanceId: string, bindingId: string, subaccountId: string | undefined): Promise<BoundService> {
    const bound = await this.#registry.boundService(bindingId)
    const isElsewhere = subaccountId !== undefined && bound.subaccount.id !== subaccountId
    if (bound.instance.id !== instanceId || isElsewhere || servesAllSubaccounts(bound.instance))
      throw new PlatformError('BINDING_UNKNOWN', { bindingId })
    return bound
  }

  /** @throws PlatformError BROKER_GONE, REQUEST_INVALID */
  unbind(instanceId: string, bindingId: string, request: BindRequest, subaccountId: string | undefined): Promise<void> {
    return this.#exclusively(bindingId, async () => {
      const { instance } = await this.binding(instanceId, bindingId, subaccountId).catch(gone)
      checkIds(request, instance)
      await this.#registry.deleteBinding(bindingId)
    })
  }

  /** The subaccount: that of the address, else of the context as platforms of SAP send it, else the organization. */
  async #tenant(request: ProvisionRequest, subaccountId: string | undefined): Promise<string> {
    const context = request.context ?? {}
    const given =
      subaccountId ?? context.subaccount_id ?? context.organization_guid ?? request.organization_guid ?? undefined
    const field = context.subaccount_id === undefined ? 'organization_guid' : 'context.subaccount_id'
    if (typeof given !== 'string') throw invalid('context.subaccount_id', 'must name the subaccount of the instance')
    try {
      return (await this.#registry.subaccount(given)).id
    } catch (cause) {
      if (!isPlatformError(cause, 'SUBACCOUNT_UNKNOWN') && !isPlatformError(cause, 'SUBACCOUNT_NOT_AN_ID')) throw cause
      throw invalid(field, 'is not the ID of a subaccount of this platform')
    }
  }

  async #find(instanceId: string): Promise<ServiceInstance | undefined> {
    return this.#registry.instance(instanceId).catch((failure: unknown) => absent(failure, 'INSTANCE_UNKNOWN'))
  }

  async #findBinding(bindingId: string): Promise<BoundService | undefined> {
    return this.#registry.boundService(bindingId).catch((failure: unknown) => absent(failure, 'BINDING_UNKNOWN'))
  }

  async #exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw new PlatformError('BROKER_BUSY', { id })
    this.#busy.add(id)
    try {
      return await work()
    } finally {
      this.#busy.delete(id)
    }
  }
}

type Parameters0<F> = F extends (first: infer P, ...rest: never[]) => unknown ? P : never

function planOf({ service_id: serviceId, plan_id: planId }: ProvisionRequest): CatalogPlan {
  const plan = planById(serviceId, planId)
  if (plan !== undefined) return plan
  throw invalid(hasService(serviceId) ? 'plan_id' : 'service_id', 'is not in the catalog')
}

/** The IDs of a request must be those of the instance: a mix-up must not remove something else. */
function checkIds(request: BindRequest, instance: ServiceInstance): void {
  const plan = planByName(instance.service, instance.plan)
  if (request.service_id !== plan?.serviceId) throw invalid('service_id', 'is not that of the instance')
  if (request.plan_id !== plan?.planId) throw invalid('plan_id', 'is not that of the instance')
}

/** A proxy that serves every subaccount is the operator's to create: whoever may order services gets one of its own. */
function dedicated({ service }: CatalogPlan, parameters: InstanceParameters): InstanceParameters {
  if (service !== 'connectivity_proxy') return parameters
  const { tenantMode = 'dedicated' } = parameters
  if (tenantMode !== 'dedicated') throw invalid('parameters.tenantMode', 'must be dedicated')
  return { ...parameters, tenantMode }
}

function repeated(present: ServiceInstance, digest: string): Outcome<ServiceInstance> {
  if (present.requestDigest !== digest) throw conflict(present.id)
  return { outcome: 'existing', value: present }
}

function checkedId(id: string, field: string): string {
  if (!idPattern.test(id)) throw invalid(field, 'must be 1 to 50 letters, digits, dots, hyphens or underscores')
  return id
}

function absent(failure: unknown, code: 'INSTANCE_UNKNOWN' | 'BINDING_UNKNOWN'): undefined {
  if (!isPlatformError(failure, code)) throw failure
}

function gone(failure: unknown): never {
  if (isPlatformError(failure, 'INSTANCE_UNKNOWN') || isPlatformError(failure, 'BINDING_UNKNOWN'))
    throw new PlatformError('BROKER_GONE', {}, { cause: failure })
  throw failure
}

function conflict(id: string): PlatformError {
  return new PlatformError('BROKER_CONFLICT', { id })
}

function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason })
}
