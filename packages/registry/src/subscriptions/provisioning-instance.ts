import { PlatformError } from '@landbridge/kernel'
import type { InstanceParameters, ServiceInstance } from '../services/service-instance.ts'

/** What an instance of the provisioning service says: how to tell an application about its subscribers. */
export interface Provisioning {
  readonly xsappname: string
  readonly appName: string
  readonly getDependencies: string
  readonly onSubscription: string
}

const maxUrlLength = 2_000

/**
 * Reads the parameters of an instance (guide L16488).
 * @throws PlatformError INSTANCE_INVALID naming the parameter
 */
export function parseProvisioning(parameters: InstanceParameters): Provisioning {
  const urls = parameters.appUrls
  if (typeof urls !== 'object' || urls === null || Array.isArray(urls))
    throw invalid('appUrls', 'must be an object with getDependencies and onSubscription')
  const { getDependencies, onSubscription } = urls as Readonly<Record<string, unknown>>
  return {
    xsappname: text(parameters.xsappname, 'xsappname', 200),
    appName: text(parameters.appName, 'appName', 200),
    getDependencies: callbackUrl(getDependencies, 'appUrls.getDependencies'),
    onSubscription: callbackUrl(onSubscription, 'appUrls.onSubscription'),
  }
}

/**
 * Replaces the name of the application in the parameters by the one that tokens know: the guide gives the name of the
 * descriptor (`shop`), bindings show `shop!t7`. Both are understood.
 * @param instances of the same subaccount
 * @throws PlatformError INSTANCE_INVALID naming the parameter
 */
export function resolveProvisioning(
  parameters: InstanceParameters,
  instances: readonly ServiceInstance[],
  ownId: string,
): InstanceParameters {
  const { xsappname: given } = parseProvisioning(parameters)
  const [application, ...more] = instances.filter(
    ({ service, xsappname }) =>
      service === 'xsuaa' && (xsappname === given || xsappname.slice(0, xsappname.lastIndexOf('!')) === given),
  )
  if (application === undefined) throw invalid('xsappname', `is not an xsuaa instance of this subaccount: ${given}`)
  if (more.length > 0) throw invalid('xsappname', `fits several: ${names([application, ...more])}`)
  const { xsappname } = application
  const other = provisioningOf(instances, xsappname)
  if (other !== undefined && other.id !== ownId)
    throw invalid('xsappname', `has a provisioning instance already: ${other.name}`)
  return { ...parameters, xsappname }
}

/** The instance that provisions an application, if there is one. */
export function provisioningOf(instances: readonly ServiceInstance[], xsappname: string): ServiceInstance | undefined {
  return instances.find(({ service, parameters }) => service === 'provisioning' && parameters.xsappname === xsappname)
}

function names(instances: readonly ServiceInstance[]): string {
  return instances.map(({ xsappname }) => xsappname).join(', ')
}

function text(value: unknown, field: string, longest: number): string {
  if (typeof value === 'string' && value !== '' && value.length <= longest) return value
  throw invalid(field, `must be 1 to ${longest} characters`)
}

/** An address that the platform will call: plain enough that nothing else hides in it. */
function callbackUrl(value: unknown, field: string): string {
  const given = text(value, field, maxUrlLength)
  // Any ID makes the placeholder part of a URL.
  const url = URL.parse(withTenant(given, '00000000-0000-0000-0000-000000000000'))
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw invalid(field, 'must be an http or https URL')
  if (url.username !== '' || url.password !== '') throw invalid(field, 'must not hold a user or a password')
  if (url.hash !== '') throw invalid(field, 'must not have a fragment')
  return given
}

/** Fills in the subscriber (guide L16504). */
export function withTenant(url: string, tenantId: string): string {
  return url.replaceAll('{tenantId}', tenantId)
}

function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('INSTANCE_INVALID', { field: `parameters.${field}`, reason })
}
