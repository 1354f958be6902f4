import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Dispatcher, FormData, request } from 'undici'
import { dataOption } from '../../command-spec.ts'
import { createAgent } from '../../http/agent.ts'
import { connectionFailure } from '../../http/failure.ts'
import { refusal } from '../../http/refusal.ts'
import { readState } from '../../state/state-file.ts'
import type { Terminal } from '../../terminal.ts'
import { demoCredentials } from '../../up/credentials.ts'
import { fileText } from '../destination/secrets.ts'

export interface ConnectorOptions {
  readonly data: string
  readonly subaccount?: string
  readonly administrator: string
  readonly administratorPasswordFile?: string
  readonly json?: boolean
}

/** The options of every action on a Cloud Connector of this machine. */
export function connectorOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option('--subaccount <id@region>', 'which subaccount (default: the only one)'))
    .addOption(new Option('--administrator <name>', 'who may change the connector').default('Administrator'))
    .addOption(
      new Option('--administrator-password-file <file>', 'file with that password (default: the one that `up` made)'),
    )
}

interface Call {
  readonly step: string
  readonly method?: 'GET' | 'POST'
  /** Below the subaccount. */
  readonly path: string
  /** A form with a file, or JSON. */
  readonly body?: FormData | object
}

/** Talks to the configuration API of a Cloud Connector about one subaccount. */
export class ConnectorClient {
  readonly #base: string
  readonly #authorization: string
  readonly #agent: Dispatcher
  #subaccount: string

  private constructor(base: string, authorization: string, agent: Dispatcher) {
    this.#base = base
    this.#authorization = authorization
    this.#agent = agent
    this.#subaccount = ''
  }

  /**
   * Lends a client for one piece of work.
   * @throws PlatformError CLI_NOT_RUNNING, CLI_FILE_UNUSABLE, CLI_CHOICE_NEEDED, CLI_UNREACHABLE, CLI_STEP_REFUSED
   */
  static async use<T>(
    terminal: Terminal,
    options: ConnectorOptions,
    work: (client: ConnectorClient) => Promise<T>,
  ): Promise<T> {
    const state = readState(options.data)
    const connector = state.components.find(({ name }) => name === 'cloud-connector')
    if (connector === undefined) throw new PlatformError('CLI_NOT_RUNNING', { path: options.data })
    const credentials = `${options.administrator}:${passwordOf(terminal, options)}`
    const agent = createAgent({ ...state, caFiles: [state.caFile, ...state.componentCaFiles] })
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const client = new ConnectorClient(`${connector.url}/api/v1/configuration/subaccounts`, authorization, agent)
    try {
      client.#subaccount = await client.#choose(options.subaccount)
      return await work(client)
    } finally {
      await agent.destroy()
    }
  }

  call(call: Call): Promise<Buffer> {
    return this.#ask({ ...call, path: `${this.#subaccount}${call.path}` })
  }

  async json<T>(call: Call): Promise<T> {
    return JSON.parse((await this.call(call)).toString('utf8')) as T
  }

  async #choose(wanted: string | undefined): Promise<string> {
    const listed = await this.#ask({ step: 'list the subaccounts of the connector', path: '' })
    const all = JSON.parse(listed.toString('utf8')) as readonly { regionHost: string; subaccount: string }[]
    const names = all.map(({ regionHost, subaccount }) => `${subaccount}@${regionHost}`)
    const chosen = wanted ?? (names.length === 1 ? names[0] : undefined)
    if (chosen === undefined || !names.includes(chosen))
      throw new PlatformError('CLI_CHOICE_NEEDED', { option: '--subaccount', choices: names })
    const { subaccount, regionHost } = splitSubaccount(chosen)
    return `/${encodeURIComponent(regionHost)}/${encodeURIComponent(subaccount)}`
  }

  async #ask({ step, method = 'GET', path, body }: Call): Promise<Buffer> {
    const url = `${this.#base}${path}`
    const isForm = body instanceof FormData
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(120_000),
        headers: {
          authorization: this.#authorization,
          ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      })
      const content = Buffer.from(await answer.body.arrayBuffer())
      if (answer.statusCode >= 200 && answer.statusCode < 300) return content
      const text = refusal(content.toString('utf8'))
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status: answer.statusCode, answer: text })
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
    }
  }
}

export interface SubaccountName {
  readonly subaccount: string
  readonly regionHost: string
}

/** Reads `<id>@<region host>`. */
export function splitSubaccount(text: string): SubaccountName {
  const [subaccount = '', regionHost = '', ...more] = text.split('@')
  if (subaccount === '' || regionHost === '' || more.length > 0)
    throw new InvalidArgumentError('expected the ID of a subaccount, @, and its region host')
  return { subaccount, regionHost }
}

function passwordOf(terminal: Terminal, { data, administratorPasswordFile }: ConnectorOptions): string {
  if (administratorPasswordFile !== undefined)
    return fileText(resolve(terminal.workingDirectory, administratorPasswordFile))
  // Only read: where nothing was generated there is nothing to know.
  if (existsSync(join(data, 'credentials.json'))) return demoCredentials(data).connector.password
  throw new PlatformError('CLI_CHOICE_NEEDED', {
    option: '--administrator-password-file',
    choices: ['a file with the password of the administrator'],
  })
}
