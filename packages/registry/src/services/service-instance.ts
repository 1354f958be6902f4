import { PlatformError } from '@landbridge/kernel'
import type { ServiceName } from './service-plan.ts'

/** Creation parameters as given, without `init_data`, which is applied once and not kept. */
export type InstanceParameters = Readonly<Record<string, unknown>>

export interface ServiceInstance {
  readonly id: string
  readonly subaccountId: string
  readonly service: ServiceName
  readonly plan: string
  readonly name: string
  /** Unique per platform; `<name>!t<n>` for xsuaa, `clone<id>!b<n>|<service>-xsappname!b<m>` otherwise. */
  readonly xsappname: string
  readonly parameters: InstanceParameters
  /** Redirect URI patterns of an xsuaa instance (`oauth2-configuration.redirect-uris`). */
  readonly redirectUris: readonly string[]
  /** False for an instance that was created before X.509 bindings existed and not updated since (guide L11590). */
  readonly supportsX509: boolean
  readonly createdAtMs: number
  /** Digest of the request that created it through the service broker, by which a repetition is told from another one. */
  readonly requestDigest?: string
}

/**
 * True for a connectivity proxy of the platform, which serves every subaccount: instances of connectivity_proxy are the
 * operator's to create. One created with `{"tenantMode":"dedicated"}` serves its own subaccount alone.
 */
export function servesAllSubaccounts(instance: ServiceInstance): boolean {
  return instance.service === 'connectivity_proxy' && instance.parameters.tenantMode !== 'dedicated'
}

const namePattern = /^[\w .-]{1,50}$/
const appNamePattern = /^[\w/-]{1,100}$/

/** @throws PlatformError INSTANCE_INVALID */
export function checkInstanceName(name: string): string {
  if (!namePattern.test(name))
    throw new PlatformError('INSTANCE_INVALID', {
      field: 'name',
      reason: 'must be 1 to 50 letters, digits, spaces, dots, hyphens or underscores',
    })
  return name
}

/**
 * The name under which tokens know the instance. `sequence` is unique on the platform, so names of two instances
 * never meet, whatever the tenants call their applications.
 */
export function xsappnameOf(
  service: ServiceName,
  sequence: number,
  parameters: InstanceParameters,
  name: string,
): string {
  if (service === 'xsuaa') {
    const given = parameters.xsappname ?? name.replace(/[^\w-]/g, '-')
    if (typeof given !== 'string' || !appNamePattern.test(given))
      throw new PlatformError('INSTANCE_INVALID', {
        field: 'parameters.xsappname',
        reason: 'must be 1 to 100 letters, digits, hyphens, slashes or underscores',
      })
    return `${given}!t${sequence}`
  }
  return `clone${sequence}!b${sequence}|${serviceAppName[service]}`
}

/** The applications that the platform's own services are, one per service. */
const serviceAppName = {
  destination: 'destination-xsappname!b1',
  connectivity: 'connectivity!b1',
  connectivity_proxy: 'connectivity!b1',
  provisioning: 'tenant-onboarding!b1',
  identity: 'identity!b1',
} as const satisfies Readonly<Record<Exclude<ServiceName, 'xsuaa'>, string>>

/** Brings the parameters into the stored form. `HTML5Runtime_enabled` may be a boolean or its text (guide L11714). */
export function normaliseParameters(parameters: InstanceParameters): InstanceParameters {
  const { init_data: _applied, ...kept } = parameters
  const html5 = kept.HTML5Runtime_enabled
  if (html5 === undefined || typeof html5 === 'boolean') return kept
  if (html5 === 'true' || html5 === 'false') return { ...kept, HTML5Runtime_enabled: html5 === 'true' }
  throw new PlatformError('INSTANCE_INVALID', {
    field: 'parameters.HTML5Runtime_enabled',
    reason: 'must be true or false',
  })
}

/** Redirect URI patterns of the parameters, in the place where an `xs-security.json` has them. */
export function redirectUrisOf(parameters: InstanceParameters): readonly string[] {
  const oauth = parameters['oauth2-configuration']
  const uris = typeof oauth === 'object' && oauth !== null && 'redirect-uris' in oauth ? oauth['redirect-uris'] : []
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string'))
    throw new PlatformError('INSTANCE_INVALID', {
      field: 'parameters.oauth2-configuration.redirect-uris',
      reason: 'must be a list of texts',
    })
  return uris
}
