import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { type Bindings, findBindings, textCredential } from '../../binding/find-bindings.ts'
import { fetchToken } from '../../call/token.ts'
import { createAgent } from '../../http/agent.ts'
import { connectionFailure } from '../../http/failure.ts'
import { refusal } from '../../http/refusal.ts'
import { fileReason } from '../../output/file-failure.ts'
import { findState } from '../../state/state-file.ts'
import type { Terminal } from '../../terminal.ts'

export interface DestinationOptions {
  readonly data: string
  readonly env?: string
  readonly key?: string
  readonly level: 'subaccount' | 'instance'
  readonly json?: boolean
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly bytes: Buffer
}

interface Call {
  readonly step: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Bytes go as a file, anything else as JSON. */
  readonly body?: unknown
}

/** Talks to the destination service with the credentials of a binding: its REST API and its administration. */
export class DestinationClient {
  readonly #base: string
  readonly #level: string
  readonly #token: string
  readonly #agent: Dispatcher

  private constructor(base: string, level: string, token: string, agent: Dispatcher) {
    this.#base = base
    this.#level = level
    this.#token = token
    this.#agent = agent
  }

  /** Runs `work` with a client and closes it. @throws PlatformError CLI_… when bindings or services are missing */
  static async use(
    terminal: Terminal,
    options: DestinationOptions,
    work: (client: DestinationClient) => Promise<void>,
  ): Promise<void> {
    const bindings = bindingsOf(terminal, options)
    const agent = createAgent(bindings)
    try {
      const grant = { kind: 'technical' } as const
      const token = await fetchToken(bindings, 'destination', grant, agent, AbortSignal.timeout(30_000))
      const base = textCredential(bindings, 'destination', 'uri').replace(/\/$/, '')
      await work(new DestinationClient(base, options.level, token, agent))
    } finally {
      await agent.destroy()
    }
  }

  /** The published REST API; the path follows `/v1/<level>Destinations`. */
  rest(call: Call): Promise<Answer> {
    return this.#ask(call, `/destination-configuration/v1/${this.#level}Destinations${call.path}`)
  }

  /** Certificates of the level over the published REST API. */
  certificates(call: Call): Promise<Answer> {
    return this.#ask(call, `/destination-configuration/v1/${this.#level}Certificates${call.path}`)
  }

  /** The trust of the subaccount over the published REST API. */
  trust(call: Call): Promise<Answer> {
    return this.#ask(call, `/destination-configuration/v1/saml2Metadata${call.path}`)
  }

  /** What only the administration can do. */
  administration(call: Call): Promise<Answer> {
    return this.#ask(call, `/destination-administration/v1/${this.#level}Destinations${call.path}`)
  }

  async #ask({ step, method = 'GET', body }: Call, path: string): Promise<Answer> {
    const url = `${this.#base}${path}`
    const isFile = body instanceof Uint8Array
    let answer: Answer
    try {
      const {
        statusCode,
        headers,
        body: stream,
      } = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
        },
        signal: AbortSignal.timeout(60_000),
        ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
      })
      const bytes = Buffer.from(await stream.arrayBuffer())
      answer = { status: statusCode, contentType: String(headers['content-type'] ?? ''), bytes }
    } catch (cause) {
      throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
    }
    const { status, bytes } = answer
    if (status < 200 || status > 299)
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status, answer: refusal(bytes.toString('utf8')) })
    return answer
  }
}

/** Parses an answer that is JSON by contract. */
export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(answer.bytes.toString('utf8')) as T
}

function bindingsOf(terminal: Terminal, options: DestinationOptions): Bindings {
  const { environment, workingDirectory } = terminal
  if (options.key === undefined)
    return findBindings({
      ...(options.env === undefined ? {} : { file: options.env }),
      dataDirectory: options.data,
      workingDirectory,
      environment,
    })
  const file = resolve(workingDirectory, options.key)
  const services = { destination: [{ name: options.key, credentials: readKey(file) }] }
  const state = findState(options.data)
  const extra = environment.NODE_EXTRA_CA_CERTS
  return {
    source: file,
    services,
    caFiles: [...(state === undefined ? [] : [state.caFile]), ...(extra ? [extra] : [])],
    hostNames: state?.hostNames ?? [],
    address: state?.address ?? '127.0.0.1',
  }
}

function readKey(file: string): Readonly<Record<string, unknown>> {
  try {
    const key: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof key === 'object' && key !== null) return key as Record<string, unknown>
  } catch (cause) {
    const code = fileReason(cause, 'it is not JSON')
    // The parser's message would quote the file, which holds a secret.
    throw new PlatformError('CLI_BINDINGS_INVALID', { path: file, reason: code })
  }
  throw new PlatformError('CLI_BINDINGS_INVALID', { path: file, reason: 'it is not a JSON object' })
}
