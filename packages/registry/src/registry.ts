import { randomUUID } from 'node:crypto'
import { type Clock, PlatformError, randomSecret, Secret } from '@landbridge/kernel'
import type { BoundService } from './credentials/render-credentials.ts'
import type { RegistryRepository } from './repository.ts'
import {
  type Binding,
  type BindingRequest,
  certificateThumbprint,
  clientIdOf,
  parseBindingParameters,
} from './services/binding.ts'
import { parseIdentityBindingParameters } from './services/identity-binding.ts'
import {
  checkInstanceName,
  type InstanceParameters,
  normaliseParameters,
  redirectUrisOf,
  type ServiceInstance,
  xsappnameOf,
} from './services/service-instance.ts'
import { chooseServicePlan, type ServiceName } from './services/service-plan.ts'
import { checkSubaccount, parseSubaccountId, type Subaccount } from './subaccounts/subaccount.ts'
import { resolveProvisioning } from './subscriptions/provisioning-instance.ts'

/** Issues the client certificate of a managed X.509 binding. */
export type BindingCertificateIssuer = (request: {
  readonly commonName: string
  readonly keyBits: number
  readonly validityDays: number
}) => Promise<{ readonly certificate: string; readonly key: string }>

/** Applies the `init_data` of an instance (destinations and certificates); throws what the caller shall see. */
export type InitDataSink = (instance: ServiceInstance, initData: unknown) => Promise<void>

/** Removes what other services keep for an instance, or for a subaccount. May be repeated. */
export type ContentRemoval = (
  owner: { readonly instanceId: string } | { readonly subaccountId: string },
) => Promise<void>

export interface RegistryOptions {
  readonly repository: RegistryRepository
  readonly clock: Clock
  /** Without it, managed X.509 bindings are refused. */
  readonly issueBindingCertificate?: BindingCertificateIssuer
  /** Without it, `init_data` is refused. */
  readonly applyInitData?: InitDataSink
  /** Called before an instance or a subaccount goes away: nothing is left that nobody could delete. */
  readonly removeContent?: ContentRemoval
  /** True where somebody else issues the tokens: the service identity is refused, as nothing could use its credentials. */
  readonly withoutIdentity?: boolean
}

/** Subaccounts, service instances and bindings with their rules. */
export class Registry {
  readonly #options: RegistryOptions
  readonly #repository: RegistryRepository

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#repository = options.repository
  }

  /** @throws PlatformError SUBACCOUNT_INVALID, SUBACCOUNT_NOT_AN_ID or SUBACCOUNT_TAKEN */
  async createSubaccount(request: { id?: string; subdomain: string; displayName?: string }): Promise<Subaccount> {
    const subaccount = checkSubaccount({
      id: request.id === undefined ? randomUUID() : parseSubaccountId(request.id),
      subdomain: request.subdomain,
      displayName: request.displayName ?? request.subdomain,
      createdAtMs: this.#options.clock.now(),
    })
    await this.#repository.insertSubaccount(subaccount)
    return subaccount
  }

  listSubaccounts(): Promise<readonly Subaccount[]> {
    return this.#repository.listSubaccounts()
  }

  /** @throws PlatformError SUBACCOUNT_NOT_AN_ID or SUBACCOUNT_UNKNOWN */
  async subaccount(id: string): Promise<Subaccount> {
    const subaccount = await this.#repository.findSubaccount(parseSubaccountId(id))
    if (subaccount === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: id })
    return subaccount
  }

  /** Removes the subaccount and all that belongs to it. Its connectors are the caller's to revoke first. */
  async deleteSubaccount(id: string): Promise<void> {
    const { id: subaccountId } = await this.subaccount(id)
    // Entries of subscribers are kept under the instance that they subscribed to.
    for (const instance of await this.#repository.listInstances(subaccountId))
      await this.#options.removeContent?.({ instanceId: instance.id })
    await this.#options.removeContent?.({ subaccountId })
    await this.#repository.deleteSubaccount(subaccountId)
  }

  /** @throws PlatformError SUBACCOUNT_UNKNOWN, SERVICE_UNKNOWN, IDENTITY_SERVICE_OFF, INSTANCE_INVALID or INSTANCE_NAME_TAKEN */
  async createInstance(request: {
    /** Generated when absent. */
    id?: string
    subaccountId: string
    service: string
    plan?: string | undefined
    name: string
    parameters?: InstanceParameters | undefined
    requestDigest?: string
  }): Promise<ServiceInstance> {
    const subaccount = await this.subaccount(request.subaccountId)
    const { service, plan } = chooseServicePlan(request.service, request.plan)
    this.#assertServed(service)
    const given = request.parameters ?? {}
    const id = request.id ?? randomUUID()
    const parameters = await this.#parametersFor({ id, service, subaccountId: subaccount.id }, given)
    const instance: ServiceInstance = {
      id,
      subaccountId: subaccount.id,
      service,
      plan,
      name: checkInstanceName(request.name),
      xsappname: xsappnameOf(service, await this.#repository.nextSequence(), parameters, request.name),
      parameters,
      redirectUris: redirectUrisOf(parameters),
      supportsX509: true,
      createdAtMs: this.#options.clock.now(),
      ...(request.requestDigest === undefined ? {} : { requestDigest: request.requestDigest }),
    }
    await this.#repository.insertInstance(instance)
    try {
      await this.#applyInitData(instance, given)
    } catch (failure) {
      await this.#repository.deleteInstance(instance.id)
      throw failure
    }
    return instance
  }

  /** Replaces the given parameters, keeps the others; also makes X.509 bindings possible (guide L11592). */
  async updateInstance(id: string, parameters: InstanceParameters = {}): Promise<ServiceInstance> {
    const instance = await this.instance(id)
    const merged = await this.#parametersFor(instance, { ...instance.parameters, ...parameters })
    const updated = { ...instance, parameters: merged, redirectUris: redirectUrisOf(merged), supportsX509: true }
    await this.#applyInitData(instance, parameters)
    await this.#repository.updateInstance(updated)
    return updated
  }

  /** The stored form of parameters. @throws PlatformError INSTANCE_INVALID */
  async #parametersFor(
    { id, service, subaccountId }: Pick<ServiceInstance, 'id' | 'service' | 'subaccountId'>,
    given: InstanceParameters,
  ): Promise<InstanceParameters> {
    const parameters = normaliseParameters(given)
    if (service !== 'provisioning') return parameters
    return resolveProvisioning(parameters, await this.#repository.listInstances(subaccountId), id)
  }

  async #applyInitData(instance: ServiceInstance, parameters: InstanceParameters): Promise<void> {
    if (parameters.init_data === undefined) return
    if (instance.service !== 'destination' || this.#options.applyInitData === undefined)
      throw new PlatformError('INSTANCE_INVALID', {
        field: 'parameters.init_data',
        reason: 'is for destination instances only',
      })
    await this.#options.applyInitData(instance, parameters.init_data)
  }

  /** @throws PlatformError SUBACCOUNT_UNKNOWN */
  async listInstances(subaccountId: string): Promise<readonly ServiceInstance[]> {
    return this.#repository.listInstances((await this.subaccount(subaccountId)).id)
  }

  /** @throws PlatformError INSTANCE_UNKNOWN */
  async instance(id: string): Promise<ServiceInstance> {
    const instance = await this.#repository.findInstance(id)
    if (instance === undefined) throw new PlatformError('INSTANCE_UNKNOWN', { instanceId: id })
    return instance
  }

  /** @throws PlatformError INSTANCE_UNKNOWN or INSTANCE_HAS_BINDINGS */
  async deleteInstance(id: string): Promise<void> {
    const instance = await this.instance(id)
    const bindings = await this.#repository.listBindings(instance.id)
    if (bindings.length > 0)
      throw new PlatformError('INSTANCE_HAS_BINDINGS', { bindings: bindings.map((binding) => binding.name) })
    await this.#options.removeContent?.({ instanceId: instance.id })
    await this.#repository.deleteInstance(instance.id)
  }

  /** @throws PlatformError INSTANCE_UNKNOWN, IDENTITY_SERVICE_OFF, BINDING_INVALID, BINDING_NAME_TAKEN or BINDING_X509_UNSUPPORTED */
  async createBinding(request: {
    /** Generated when absent. */
    id?: string
    instanceId: string
    name: string
    parameters?: Readonly<Record<string, unknown>> | undefined
    requestDigest?: string
  }): Promise<BoundService> {
    const instance = await this.instance(request.instanceId)
    // Before it is stored: credentials that cannot be written would break those of the whole subaccount.
    this.#assertServed(instance.service)
    checkInstanceName(request.name)
    const present = await this.#repository.listBindings(instance.id)
    const sequence = await this.#repository.nextSequence()
    const ownId = `sb-${instance.xsappname}`
    const base = {
      id: request.id ?? randomUUID(),
      instanceId: instance.id,
      name: request.name,
      clientId: clientIdOf(instance, sequence, !present.some((binding) => binding.clientId === ownId)),
      createdAtMs: this.#options.clock.now(),
      ...(request.requestDigest === undefined ? {} : { requestDigest: request.requestDigest }),
    }
    const parse = instance.service === 'identity' ? parseIdentityBindingParameters : parseBindingParameters
    const wanted = parse(request.parameters ?? {})
    const shared = present.find(({ credentialType }) => credentialType === 'instance-secret')
    const binding: Binding =
      wanted.credentialType === 'instance-secret' && shared?.clientSecret !== undefined
        ? {
            ...base,
            credentialType: 'instance-secret',
            clientId: shared.clientId,
            clientSecret: shared.clientSecret,
          }
        : { ...base, ...(await this.#credentialsFor(base.clientId, instance, wanted)) }
    await this.#repository.insertBinding(binding)
    return { binding, instance, subaccount: await this.subaccount(instance.subaccountId) }
  }

  #assertServed(service: ServiceName): void {
    if (service === 'identity' && this.#options.withoutIdentity === true)
      throw new PlatformError('IDENTITY_SERVICE_OFF')
  }

  async #credentialsFor(
    clientId: string,
    instance: ServiceInstance,
    wanted: BindingRequest,
  ): Promise<
    Pick<Binding, 'credentialType' | 'clientSecret' | 'certificate' | 'privateKey' | 'certificateThumbprint'>
  > {
    if (wanted.credentialType !== 'x509')
      return { credentialType: wanted.credentialType, clientSecret: new Secret(randomSecret(32)) }
    if (!instance.supportsX509) throw new PlatformError('BINDING_X509_UNSUPPORTED', { instanceId: instance.id })
    if ('certificate' in wanted)
      return {
        credentialType: 'x509',
        certificate: wanted.certificate,
        certificateThumbprint: certificateThumbprint(wanted.certificate),
      }
    const issue = this.#options.issueBindingCertificate
    if (issue === undefined)
      throw new PlatformError('BINDING_INVALID', {
        field: 'parameters.xsuaa.x509',
        reason: 'this platform issues no certificates: give one in "certificate"',
      })
    const { certificate, key } = await issue({ commonName: clientId, ...wanted })
    return {
      credentialType: 'x509',
      certificate,
      privateKey: new Secret(key),
      certificateThumbprint: certificateThumbprint(certificate),
    }
  }

  /** @throws PlatformError INSTANCE_UNKNOWN */
  async listBindings(instanceId: string): Promise<readonly Binding[]> {
    return this.#repository.listBindings((await this.instance(instanceId)).id)
  }

  /** A binding with what it belongs to. @throws PlatformError BINDING_UNKNOWN */
  async boundService(bindingId: string): Promise<BoundService> {
    const binding = await this.#repository.findBinding(bindingId)
    if (binding === undefined) throw new PlatformError('BINDING_UNKNOWN', { bindingId })
    const instance = await this.instance(binding.instanceId)
    return { binding, instance, subaccount: await this.subaccount(instance.subaccountId) }
  }

  /** All bindings of a subaccount, oldest instance first: the input of `renderVcapServices`. */
  async boundServices(subaccountId: string): Promise<readonly BoundService[]> {
    const subaccount = await this.subaccount(subaccountId)
    const bound: BoundService[] = []
    for (const instance of await this.#repository.listInstances(subaccount.id))
      for (const binding of await this.#repository.listBindings(instance.id))
        bound.push({ binding, instance, subaccount })
    return bound
  }

  /** @throws PlatformError BINDING_UNKNOWN */
  async deleteBinding(id: string): Promise<void> {
    if (!(await this.#repository.deleteBinding(id))) throw new PlatformError('BINDING_UNKNOWN', { bindingId: id })
  }
}
