import { createSecureContext, getCACertificates } from 'node:tls'
import { tokenFailure, type UserInfoEndpoint } from '@landbridge/destinations'
import { Agent, request } from 'undici'

const longestAnswerBytes = 1024 * 1024
const limitMs = 10_000

export interface UserInfoOptions {
  /** Address of the user info of the platform's own token service; no other ever gets a token from here. */
  readonly url: string
  /** Trusted besides the machine's certificates, in PEM form. */
  readonly ca?: string
}

/** Asks the token service of the platform for the custom attributes of a user (guide L13617-13634). */
export function createUserInfo({ url, ca }: UserInfoOptions): UserInfoEndpoint & { close(): Promise<void> } {
  const secureContext = createSecureContext({
    ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])],
    minVersion: 'TLSv1.2',
  })
  const agent = new Agent({
    connect: { secureContext, timeout: limitMs },
    headersTimeout: limitMs,
    bodyTimeout: limitMs,
    maxResponseSize: longestAnswerBytes,
  })
  return {
    async fetch(userToken) {
      try {
        const answer = await request(url, { dispatcher: agent, headers: { authorization: `Bearer ${userToken}` } })
        const body = await answer.body.text()
        if (answer.statusCode === 200) return objectOf(JSON.parse(body))
      } catch (cause) {
        throw unavailable(cause)
      }
      throw unavailable()
    },
    close: () => agent.close(),
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no JSON object')
  return value as Readonly<Record<string, unknown>> // just checked
}

function unavailable(cause?: unknown): Error {
  return tokenFailure('the custom attributes of the user could not be read from the token service', cause)
}
