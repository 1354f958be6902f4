import { type ChainWish, checkFindHeaders, type FindHeaders, readChain } from '@landbridge/destinations'
import type { FastifyRequest } from 'fastify'

/** Headers of the find operations. @throws PlatformError for combinations that the contract forbids */
export function checkedHeaders(request: FastifyRequest): CheckedHeaders {
  const headers = findHeaders(request)
  checkFindHeaders(headers)
  // Chains are rare, and their variables are looked for among all headers.
  const chain = request.headers['x-chain-name'] === undefined ? undefined : readChain(allHeaders(request))
  return chain === undefined ? headers : { ...headers, chain }
}

/** The headers of a find operation, and the chain that they ask for. */
export interface CheckedHeaders extends FindHeaders {
  readonly chain?: ChainWish
}

/** What the find operation reads besides the bearer token, by the name of the header. */
const headerNames = {
  userToken: 'x-user-token',
  tenant: 'x-tenant',
  fragmentName: 'x-fragment-name',
  clientAssertion: 'x-client-assertion',
  clientAssertionType: 'x-client-assertion-type',
  clientAssertionDestination: 'x-client-assertion-destination-name',
  refreshToken: 'x-refresh-token',
  code: 'x-code',
  redirectUri: 'x-redirect-uri',
  codeVerifier: 'x-code-verifier',
  subjectToken: 'x-subject-token',
  subjectTokenType: 'x-subject-token-type',
  actorToken: 'x-actor-token',
  actorTokenType: 'x-actor-token-type',
  samlAssertion: 'x-samlassertion',
} as const satisfies Partial<Record<keyof FindHeaders, string>>

function findHeaders(request: FastifyRequest): FindHeaders {
  const texts = Object.entries(headerNames).map(([key, name]) => [key, header(request, name)] as const)
  return {
    ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)),
    fragmentOptional: header(request, 'x-fragment-optional')?.toLowerCase() === 'true',
  }
}

/** By lower-case name, without the empty ones. */
function allHeaders(request: FastifyRequest): ReadonlyMap<string, string> {
  return new Map(
    Object.keys(request.headers).flatMap((name) => {
      const text = header(request, name)
      return text === undefined ? [] : [[name, text] as const]
    }),
  )
}

/** A header's text; an empty header counts as absent (guide L13794). */
function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  const text = (Array.isArray(value) ? value.join(',') : value)?.trim()
  return text === '' ? undefined : text
}
