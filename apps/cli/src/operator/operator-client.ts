import { PlatformError } from '@landbridge/kernel'
import { type Dispatcher, request } from 'undici'
import { createAgent } from '../http/agent.ts'
import { connectionFailure } from '../http/failure.ts'
import { refusal } from '../http/refusal.ts'
import { type PlatformState, readState } from '../state/state-file.ts'

export interface AdministrationCall {
  /** What is being done, for messages. */
  readonly step: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Default 30,000. */
  readonly timeoutMs?: number
}

export interface Subaccount {
  readonly id: string
  readonly subdomain: string
}

/** Administrates a platform of this machine with what its state file holds: the operator API and the service broker. */
export class OperatorClient {
  readonly #operator: NonNullable<PlatformState['operator']>
  readonly #broker: NonNullable<PlatformState['broker']>
  readonly #agent: Dispatcher

  /** @throws PlatformError CLI_NOT_RUNNING, or CLI_NO_OPERATOR when the process of this directory offers neither */
  constructor(dataDirectory: string) {
    const state = readState(dataDirectory)
    const { operator, broker } = state
    if (operator === undefined || broker === undefined)
      throw new PlatformError('CLI_NO_OPERATOR', { path: dataDirectory })
    this.#operator = operator
    this.#broker = broker
    this.#agent = createAgent({ ...state, caFiles: [state.caFile] })
  }

  /** @throws PlatformError CLI_UNREACHABLE, CLI_STEP_REFUSED */
  async operator(call: AdministrationCall): Promise<unknown> {
    const content = await this.operatorFile(call)
    return content.length === 0 ? undefined : JSON.parse(content.toString('utf8'))
  }

  /** For answers that are files. @throws PlatformError CLI_UNREACHABLE, CLI_STEP_REFUSED */
  operatorFile(call: AdministrationCall): Promise<Buffer> {
    return this.#ask(call, `${this.#operator.url}/api/v1${call.path}`, `Bearer ${this.#operator.secret}`)
  }

  /** @throws PlatformError CLI_UNREACHABLE, CLI_STEP_REFUSED */
  async broker(call: AdministrationCall): Promise<unknown> {
    const { url, user, password } = this.#broker
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    const content = await this.#ask(call, `${url}/v2${call.path}`, authorization)
    return content.length === 0 ? undefined : JSON.parse(content.toString('utf8'))
  }

  /** The subaccount with this ID or subdomain; without one the demo, or the only one. @throws CLI_CHOICE_NEEDED */
  async subaccount(wanted: string | undefined): Promise<Subaccount> {
    const all = (await this.operator({ step: 'list subaccounts', path: '/subaccounts' })) as readonly Subaccount[]
    const found = all.find(({ id, subdomain }) => id === (wanted ?? '') || subdomain === (wanted ?? 'demo'))
    const only = wanted === undefined && all.length === 1 ? all[0] : undefined
    const chosen = found ?? only
    if (chosen === undefined)
      throw new PlatformError('CLI_CHOICE_NEEDED', {
        option: '--subaccount',
        choices: all.map(({ subdomain }) => subdomain),
      })
    return chosen
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask(call: AdministrationCall, url: string, authorization: string): Promise<Buffer> {
    const { step, method = 'GET', body, timeoutMs = 30_000 } = call
    let status: number
    let content: Buffer
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization,
          'x-broker-api-version': '2.17',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      status = answer.statusCode
      content = Buffer.from(await answer.body.arrayBuffer())
    } catch (cause) {
      throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
    }
    if (status < 200 || status > 299)
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status, answer: refusal(content.toString('utf8')) })
    return content
  }
}
