import { PlatformError } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../http/failure.ts'

export interface RestCall {
  /** What is being set up, for messages. */
  readonly step: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly authorization: string
  readonly body?: unknown
  /** Statuses besides 2xx that are an answer, not a failure. */
  readonly accept?: readonly number[]
}

/** Everything is in this process, so nobody is away: only a machine that stands still for long takes this. */
export const setupTimeoutMs = 60_000

export interface RestAnswer {
  readonly status: number
  readonly body: unknown
}

/** Calls a REST API of the platform during the set-up. @throws PlatformError CLI_SETUP_FAILED with what was answered */
export async function callRest(call: RestCall, agent: Dispatcher): Promise<RestAnswer> {
  let status: number
  let text: string
  try {
    const answer = await request(call.url, {
      method: call.method,
      dispatcher: agent,
      signal: AbortSignal.timeout(setupTimeoutMs),
      headers: {
        authorization: call.authorization,
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    status = answer.statusCode
    text = await answer.body.text()
  } catch (cause) {
    throw new PlatformError('CLI_SETUP_FAILED', { step: call.step, reason: connectionFailure(cause) }, { cause })
  }
  const isExpected = (status >= 200 && status < 300) || call.accept?.includes(status) === true
  if (!isExpected)
    throw new PlatformError('CLI_SETUP_FAILED', { step: call.step, reason: `${status}: ${text.slice(0, 300)}` })
  return { status, body: parsed(text) }
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
