import { type Properties, present } from './properties.ts'

// Properties with a closed set of values, or a fixed form, whatever the type. Those that the service itself acts on, and
// for which a slip of the pen would weaken or break something only at run time.

const truth = ['TRUE', 'FALSE']
const values: Readonly<Record<string, readonly string[]>> = {
  TrustAll: truth,
  'tokenService.addClientCredentialsInBody': truth,
  skipUserAttributesPrefixInSAMLAttributes: truth,
  HostnameVerifier: ['Strict', 'BrowserCompatible'],
  tokenServiceURLType: ['Dedicated', 'Common'],
  'tokenServiceURL.ProxyType': ['Internet', 'OnPremise', 'PrivateLink'],
  SAMLAssertionProvider: ['DestinationServiceGenerated', 'ClientProvided'],
  samlAssertionEncoding: ['base64', 'base64url'],
}
/** Compared as written; the others in any case. */
const exact: ReadonlySet<string> = new Set(['HostnameVerifier', 'tokenServiceURLType', 'tokenServiceURL.ProxyType'])

/** Clients put them into header lines and addresses. Those of token requests are checked when one is sent. */
const singleLine = ['URL.headers.', 'URL.queries.']

/** One sentence, with the name of the property and the reason, for everything that is wrong. */
export function ruleProblems(properties: Properties): string[] {
  return [...valueProblems(properties), ...lineProblems(properties)]
}

function valueProblems(properties: Properties): string[] {
  return Object.entries(values).flatMap(([key, allowed]) => {
    const value = present(properties, key)
    const isAllowed = (one: string) => (exact.has(key) ? one === value : one.toUpperCase() === value?.toUpperCase())
    return value === undefined || allowed.some(isAllowed) ? [] : [`property ${key} must be ${allowed.join(' or ')}`]
  })
}

function lineProblems(properties: Properties): string[] {
  return Object.entries(properties)
    .filter(([key, value]) => singleLine.some((prefix) => key.startsWith(prefix)) && /[\r\n]/.test(key + value))
    .map(([key]) => `property ${key.replace(/[\r\n]+/g, ' ')} must not contain line breaks`)
}
