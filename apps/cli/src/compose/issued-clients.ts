import { Secret } from '@landbridge/kernel'
import type { BoundService, IssuedClient, PlatformEndpoints } from '@landbridge/registry'
import type { ExternalIssuer } from './external-issuers.ts'
import { invalid } from './external-issuers.ts'

/** What bindings say about tokens when somebody else issues them: addresses and clients of the first issuer. */
export type IssuedBindings = Pick<PlatformEndpoints, 'uaaDomain' | 'tokenServiceUrl' | 'tokenEndpoint' | 'clientOf'>

/**
 * @param secrets a JSON object, secret by client ID.
 * @throws PlatformError CONFIG_INVALID; the text is never shown
 */
export function issuedBindings({ url, tokenUrl, rules }: ExternalIssuer, secrets: Secret | undefined): IssuedBindings {
  const secretOf = readSecrets(secrets)
  return {
    uaaDomain: new URL(url).host,
    tokenServiceUrl: url,
    ...(tokenUrl === undefined ? {} : { tokenEndpoint: tokenUrl }),
    clientOf: ({ instance, subaccount }: BoundService): IssuedClient | undefined => {
      const names = [instance.id, `${subaccount.subdomain}/${instance.name}`]
      const found = Object.entries(rules.clients).find(([, client]) => names.includes(client.instance ?? ''))
      if (found === undefined) return undefined
      const clientSecret = secretOf.get(found[0])
      return { clientId: found[0], ...(clientSecret === undefined ? {} : { clientSecret }) }
    },
  }
}

function readSecrets(secrets: Secret | undefined): ReadonlyMap<string, Secret> {
  if (secrets === undefined) return new Map()
  try {
    const json: unknown = JSON.parse(secrets.reveal())
    if (typeof json === 'object' && json !== null && Object.values(json).every((value) => typeof value === 'string'))
      return new Map(Object.entries(json).map(([clientId, secret]) => [clientId, new Secret(secret)]))
  } catch {
    // The parser's message quotes the text, which holds secrets.
  }
  throw invalid('identity.clientSecrets: expected a JSON object with a text for each client ID, found something else')
}
