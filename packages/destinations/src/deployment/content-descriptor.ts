import { readProperties } from '../properties.ts'
import {
  type DerivedProperties,
  type ServiceCredentials,
  serviceUrl,
  tokenServiceProperties,
  unusable,
} from './from-credentials.ts'

/** Finds a service key by the names of its instance and of itself. @throws what the user shall see */
export type KeyLookup = (instanceName: string, keyName: string) => Promise<ServiceCredentials>

/** Members that say where values come from; all others are properties. */
const directives: ReadonlySet<string> = new Set([
  'ServiceInstanceName',
  'ServiceKeyName',
  'TokenServiceInstanceName',
  'TokenServiceKeyName',
  'ServiceCredentials',
  'TokenServiceCredentials',
])

const defaults = { Type: 'HTTP', ProxyType: 'Internet', Authentication: 'OAuth2ClientCredentials' }

type Descriptor = Readonly<Record<string, unknown>>

/**
 * Turns the content of a deployment (guide L6322-6594) into the form of `init_data`: destinations that refer to service
 * keys get their values from them. Policies and levels stay as they are.
 * @throws PlatformError DESTINATION_INIT_DATA_FAILED
 */
export async function resolveContent(content: unknown, keys: KeyLookup): Promise<Descriptor> {
  const document = objectOf(content)
  const resolved: Record<string, unknown> = {}
  for (const [level, value] of Object.entries(document)) resolved[level] = await resolveSection(objectOf(value), keys)
  return resolved
}

async function resolveSection(section: Descriptor, keys: KeyLookup): Promise<Descriptor> {
  const { destinations } = section
  // Whatever has another shape is reported when the result is read.
  if (!Array.isArray(destinations)) return section
  const derived: DerivedDestination[] = []
  for (const descriptor of destinations) derived.push(await resolveDestination(objectOf(descriptor), keys))
  const certificates = derived.flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate]))
  const given = Array.isArray(section.certificates) ? (section.certificates as readonly unknown[]) : []
  return {
    ...section,
    // The key store belongs to its destination, so it follows the same policy.
    ...(certificates.length === 0
      ? {}
      : { existing_certificates_policy: section.existing_destinations_policy ?? 'fail' }),
    destinations: derived.map(({ properties }) => properties),
    certificates: [...given, ...certificates],
  }
}

type DerivedDestination = Pick<DerivedProperties, 'certificate'> & { readonly properties: unknown }

/** One descriptor: all values from a service key, token-service values from one, or none. Own properties win. */
async function resolveDestination(descriptor: Descriptor, keys: KeyLookup): Promise<DerivedDestination> {
  const own = readProperties(Object.fromEntries(Object.entries(descriptor).filter(([key]) => !directives.has(key))))
  const name = own.Name ?? ''
  const isService = descriptor.ServiceInstanceName !== undefined
  if (!isService && descriptor.TokenServiceInstanceName === undefined) return { properties: own }
  const prefix = isService ? '' : 'Token'
  const request = {
    name,
    credentials: await keys(
      textOf(descriptor, `${prefix}ServiceInstanceName`, name),
      textOf(descriptor, `${prefix}ServiceKeyName`, name),
    ),
    privateKey: privateKeyOf(descriptor[`${prefix}ServiceCredentials`]),
  }
  if (!isService && own.URL === undefined) throw unusable(name, 'URL is missing')
  const service = isService && own.URL === undefined ? serviceUrl(request) : {}
  const { properties, ...rest } = tokenServiceProperties(request)
  const { Name: _first, ...others } = own
  return { properties: { Name: name, ...defaults, ...service, ...properties, ...others }, ...rest }
}

function textOf(descriptor: Descriptor, key: string, name: string): string {
  const value = descriptor[key]
  if (typeof value !== 'string' || value === '') throw unusable(name, `${key} is missing`)
  return value
}

function privateKeyOf(credentials: unknown): string | undefined {
  const { PrivateKey: key } = objectOf(credentials)
  return typeof key === 'string' ? key : undefined
}

function objectOf(value: unknown): Descriptor {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Descriptor) : {}
}
