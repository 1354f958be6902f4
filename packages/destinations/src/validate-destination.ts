import { PlatformError } from '@landbridge/kernel'
import { authenticationName, authenticationType } from './authentication/table.ts'
import { nameOnCreate } from './name-syntax.ts'
import { type Properties, present } from './properties.ts'
import { ruleProblems } from './property-rules.ts'
import { rfcProblems } from './rfc/rfc-destination.ts'

const types: ReadonlySet<string> = new Set(['HTTP', 'RFC', 'MAIL', 'LDAP', 'TCP'])
const proxyTypes: ReadonlySet<string> = new Set(['Internet', 'OnPremise', 'PrivateLink'])

/**
 * Checks a destination before it is written. Unknown properties are fine, a referenced certificate may come later.
 * @param isNew new names are checked strictly; existing odd names stay writable
 * @throws PlatformError DESTINATION_INVALID naming everything that is wrong
 */
export function validateDestination(properties: Properties, isNew: boolean): void {
  const problems = [
    ...nameProblems(properties, isNew),
    ...typeProblems(properties),
    ...ruleProblems(properties),
    ...(properties.Type === 'HTTP' ? httpProblems(properties) : []),
    ...(properties.Type === 'MAIL' ? mailProblems(properties) : []),
    ...(properties.Type === 'RFC' ? rfcProblems(properties) : []),
  ]
  if (problems.length > 0) throw new PlatformError('DESTINATION_INVALID', { problems })
}

function nameProblems(properties: Properties, isNew: boolean): string[] {
  const name = present(properties, 'Name')
  if (name === undefined) return ['property Name is missing']
  if (!isNew || nameOnCreate.test(name)) return []
  return ['property Name must have 1 to 200 characters, only letters, digits, _ and -']
}

function typeProblems(properties: Properties): string[] {
  const type = present(properties, 'Type')
  if (type === undefined) return ['property Type is missing']
  return types.has(type) ? [] : [`property Type must be one of ${[...types].join(', ')}`]
}

function httpProblems(properties: Properties): string[] {
  const problems: string[] = []
  const url = present(properties, 'URL')
  if (url === undefined) problems.push('property URL is missing')
  else if (!/^https?:\/\/[^/?#\s]/i.test(url)) problems.push('property URL must be an absolute http or https URL')
  const proxyType = present(properties, 'ProxyType') ?? 'Internet'
  if (!proxyTypes.has(proxyType)) problems.push(`property ProxyType must be one of ${[...proxyTypes].join(', ')}`)
  const type = authenticationType(authenticationName(properties))
  if (type === undefined) return problems
  if (proxyTypes.has(proxyType) && !type.proxyTypes.includes(proxyType))
    problems.push(`property ProxyType must be ${type.proxyTypes.join(' or ')} for ${type.name}`)
  return [...problems, ...type.validate(properties)]
}

/** A mail destination reaches its server on the Internet or through a Cloud Connector (guide L5889-5906). */
function mailProblems(properties: Properties): string[] {
  const proxyType = present(properties, 'ProxyType') ?? 'Internet'
  return proxyType === 'Internet' || proxyType === 'OnPremise'
    ? []
    : ['property ProxyType must be Internet or OnPremise for MAIL']
}
