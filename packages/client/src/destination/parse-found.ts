import { clientError } from '../client-error.ts'
import type { AuthToken, FoundDestination, StoredCertificate } from './destination.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Reads a find answer (guide L13336 to L13500). Fields that are not known are ignored everywhere: the contract grows.
 * @throws PlatformError CLIENT_SERVICE_FAILED when it is none
 */
export function parseFound(body: string, address: string): FoundDestination {
  const answer = parseObject(body)
  const configuration = asObject(answer?.destinationConfiguration)
  if (answer === undefined || configuration === undefined)
    throw clientError('CLIENT_SERVICE_FAILED', {
      service: 'destination service',
      address,
      reason: 'the answer is not a destination',
    })
  const owner = asObject(answer.owner) ?? {}
  const subaccountId = text(owner.SubaccountId)
  const instanceId = text(owner.InstanceId)
  return {
    owner: {
      ...(subaccountId === undefined ? {} : { subaccountId }),
      ...(instanceId === undefined ? {} : { instanceId }),
    },
    properties: Object.freeze(texts(configuration)),
    authTokens: objects(answer.authTokens).map(authToken),
    certificates: objects(answer.certificates).map(certificate),
  }
}

/** The JSON object in a text, undefined for anything else. */
export function parseObject(body: string): Json | undefined {
  try {
    return asObject(JSON.parse(body))
  } catch {
    return undefined
  }
}

function authToken(token: Json): AuthToken {
  const header = asObject(token.http_header)
  const name = text(header?.key)
  const seconds = token.expires_in === undefined || token.expires_in === '' ? Number.NaN : Number(token.expires_in)
  const error = text(token.error)
  const scope = text(token.scope)
  const refreshToken = text(token.refresh_token)
  return {
    type: text(token.type) ?? '',
    value: text(token.value) ?? '',
    ...(name === undefined ? {} : { header: { name, value: text(header?.value) ?? '' } }),
    ...(Number.isFinite(seconds) ? { expiresInSeconds: seconds } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(error === undefined ? {} : { error }),
  }
}

function certificate(entry: Json): StoredCertificate {
  return {
    name: text(entry.Name) ?? '',
    type: text(entry.Type) ?? '',
    content: Buffer.from(text(entry.Content) ?? '', 'base64'),
  }
}

function texts(object: Json): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null && typeof value !== 'object')
      .map(([key, value]) => [key, String(value)]),
  )
}

/** A text that is not empty. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(asObject).filter((entry) => entry !== undefined) : []
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}
