import { certificateFacts } from '@landbridge/identity'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import type { TokenEndpoint, TokenRequest, TokenResponse } from './token-endpoint.ts'

/** Longer than what other refusals quote: bodies about certificates carry codes that must arrive whole. */
const longestBody = 4_000

/**
 * Sends a token request. When it shows a client certificate and is refused, the failure says what the other side
 * answered, word for word, and which certificate it was shown: both sides can then be compared.
 * @param clean removes secrets from a text that the token service wrote
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export async function sendPresenting(
  endpoint: TokenEndpoint,
  request: TokenRequest,
  clean: (text: string) => string,
): Promise<TokenResponse> {
  const chain = request.tls?.client?.certificates
  if (chain === undefined) return endpoint.send(request)
  const { fingerprint } = certificateFacts(chain)
  const response = await endpoint.send(request).catch((failure: unknown) => {
    throw isPlatformError(failure, 'DESTINATION_TOKEN_FAILED')
      ? presenting(String(failure.facts.reason), fingerprint, failure)
      : failure
  })
  if (!isAboutTheClient(response)) return response
  const body = clean(response.body.trim()).slice(0, longestBody)
  throw presenting(body === '' ? `the token service answered with status ${response.status}` : body, fingerprint)
}

/** RFC 6749 section 5.2 lets a token service answer 400 as well when it does not know the client. */
function isAboutTheClient({ status, body }: TokenResponse): boolean {
  return status === 401 || status === 403 || (status === 400 && /"error"\s*:\s*"invalid_client"/.test(body))
}

function presenting(reason: string, fingerprint: string, cause?: unknown): PlatformError {
  return new PlatformError(
    'DESTINATION_TOKEN_FAILED',
    { reason: `${reason} (client certificate presented: SHA-256 ${fingerprint})`, presented: fingerprint },
    cause === undefined ? {} : { cause },
  )
}
