import { PlatformError } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../http/failure.ts'
import { refusal } from '../http/refusal.ts'

export interface Question {
  /** Name of the step for messages. */
  readonly step: string
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** A field that a usable answer has. */
  readonly field?: string
  readonly agent: Dispatcher
  readonly signal: AbortSignal
}

/**
 * Asks a service of the platform and reads its JSON answer.
 * @throws PlatformError CLI_UNREACHABLE when there is none, CLI_STEP_REFUSED when it is no success
 */
export async function askJson(question: Question): Promise<Readonly<Record<string, unknown>>> {
  const { step, url, method, headers, body, field, agent, signal } = question
  let status: number
  let text: string
  try {
    const options = { method, headers, dispatcher: agent, signal }
    const answer = await request(url, body === undefined ? options : { ...options, body })
    status = answer.statusCode
    text = await answer.body.text()
  } catch (cause) {
    throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
  }
  if (status < 200 || status > 299)
    throw new PlatformError('CLI_STEP_REFUSED', { step, url, status, answer: refusal(text) })
  const json = parsed(text)
  // A successful answer may hold tokens: it is never shown.
  if (json === undefined || (field !== undefined && json[field] === undefined))
    throw new PlatformError('CLI_STEP_REFUSED', { step, url, status, answer: `(not JSON with a field ${field ?? ''})` })
  return json
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
