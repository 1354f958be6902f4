import type { Properties } from './properties.ts'

/** Properties whose values are secrets (destination-service contract, `$skipCredentials`). */
const secretKeys: ReadonlySet<string> = new Set([
  'Password',
  'clientSecret',
  'tokenServicePassword',
  'KeyStorePassword',
  'TrustStorePassword',
  'tokenService.KeyStorePassword',
  'SigningKey',
  'jco.client.passwd',
  'jco.destination.repository.passwd',
  'mail.password',
])

/** Families of properties that may carry anything, credentials included, to the token service. */
const secretPrefixes = ['tokenServiceURL.headers.', 'tokenServiceURL.queries.', 'tokenService.body.']

/** True for a property whose value is a secret by its meaning. */
export function isCredential(key: string): boolean {
  return isSecret(key)
}

function isSecret(key: string): boolean {
  return secretKeys.has(key)
}

/** The properties that may be shown to a caller who asked for none of the credentials. */
export function withoutCredentials(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !isSecret(key)))
}

/**
 * Removes every known secret from a text of foreign origin: a token service may echo what it received.
 * @param more further secrets of the exchange, for example the user's token.
 */
export function redact(text: string, properties: Properties, more: readonly string[] = []): string {
  const values = Object.entries(properties)
    .filter(([key]) => isSecret(key) || secretPrefixes.some((prefix) => key.startsWith(prefix)))
    .map(([, value]) => value)
  values.push(basicForm(properties.clientId, properties.clientSecret))
  values.push(basicForm(properties.tokenServiceUser, properties.tokenServicePassword))
  let clean = text
  // Longer ones first: a secret may contain another. Very short values would shred the text without hiding anything.
  for (const secret of [...values, ...more].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length))
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]))
      clean = clean.replaceAll(form, '***')
  return clean
}

/** What stands in a Basic header, which a token service may echo as well. */
function basicForm(user: string | undefined, password: string | undefined): string {
  return password === undefined ? '' : Buffer.from(`${user ?? ''}:${password}`, 'utf8').toString('base64')
}
