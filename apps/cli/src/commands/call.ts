import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { InvalidArgumentError, Option } from 'commander'
import type { Dispatcher } from 'undici'
import { findBindings } from '../binding/find-bindings.ts'
import { type CallResult, callDestination } from '../call/call-destination.ts'
import { Legs } from '../call/legs.ts'
import { passwordVariable, readLogin, type UserLogin } from '../call/user-login.ts'
import { addCommand, type CommandContext, collect, dataOption } from '../command-spec.ts'
import { createAgent } from '../http/agent.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../terminal.ts'

interface CallOptions {
  readonly data: string
  readonly env?: string
  readonly request?: string
  readonly header: readonly string[]
  readonly body?: string
  readonly include?: boolean
  readonly verbose?: boolean
  readonly user?: UserLogin
  readonly location?: string
  readonly maxTime: number
  readonly json?: boolean
}

/** RFC 9110 section 5.6.2: a method, or the name of a header. */
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** `landbridge call DESTINATION [PATH]`: curl for destinations. Exit status 0 for a 2xx answer. */
export function addCallCommand(context: CommandContext): void {
  addCommand(
    context,
    'call',
    'call a destination: look it up, get the tokens, send the request (exit status 0 for 2xx)',
    [
      ['landbridge call demo-backend /hello', 'GET through the tunnel'],
      ['landbridge call demo-backend /echo -d \'{"a":1}\' -v', 'POST, with the time of each step, status and headers'],
      ['landbridge call demo-backend /hello --user alice', `as a user; password in ${passwordVariable}`],
      ['landbridge call demo-backend /hello --location plant2 -i', 'through another connector, with response headers'],
    ],
  )
    .argument('<destination>', 'name of the destination')
    .argument('[path]', 'path and query below the URL of the destination')
    .addOption(
      new Option('-X, --request <method>', 'HTTP method (default: GET, or POST with -d)').argParser(readMethod),
    )
    .addOption(
      new Option('-H, --header <line>', 'request header "Name: value"; repeatable')
        .argParser(readHeader)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '-d, --body <data>',
        'request body; @file reads a file, @- standard input (JSON is sent as application/json)',
      ),
    )
    .option('-i, --include', 'print status and headers before the body')
    .option('-v, --verbose', 'print each step with its time, status and headers to standard error')
    .addOption(
      new Option(
        '--user <name[:password]>',
        `propagate this user; without password from ${passwordVariable}`,
      ).argParser((text: string) => readLogin(text, context.terminal.environment)),
    )
    .option('--location <id>', 'location ID of the connector, instead of the one in the destination')
    .addOption(
      new Option(
        '--env <file>',
        'bindings in a file like default-env.json (default: those of --data, VCAP_SERVICES, ./default-env.json, ./.landbridge)',
      ),
    )
    .addOption(dataOption())
    .addOption(new Option('--max-time <seconds>', 'give up after this time').argParser(readSeconds).default(60))
    .action((destination: string, path: string | undefined, options: CallOptions) =>
      run(context, destination, path ?? '', options),
    )
}

function readMethod(text: string): string {
  if (!token.test(text)) throw new InvalidArgumentError('It is no HTTP method.')
  return text.toUpperCase()
}

function readHeader(line: string, previous: readonly string[]): readonly string[] {
  const colon = line.indexOf(':')
  if (colon < 1 || !token.test(line.slice(0, colon).trim())) throw new InvalidArgumentError('expected "Name: value"')
  return collect(line, previous)
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 86_400)) throw new InvalidArgumentError('expected seconds from 0 to 86400')
  return seconds
}

async function run(context: CommandContext, destination: string, path: string, options: CallOptions): Promise<void> {
  const { terminal } = context
  const bindings = findBindings({
    ...(options.env === undefined ? {} : { file: options.env }),
    dataDirectory: options.data,
    workingDirectory: terminal.workingDirectory,
    environment: terminal.environment,
  })
  const body = options.body === undefined ? undefined : await readBody(options.body, terminal.workingDirectory)
  const legs = new Legs((leg) => {
    if (options.verbose && !options.json)
      terminal.note(table([[leg.name.padEnd(18), `${leg.durationMs.toFixed(1).padStart(8)} ms`, leg.detail]], '* '))
  })
  const agent = createAgent(bindings)
  const agents = [agent]
  try {
    const result = await callDestination(
      {
        destination,
        outgoing: {
          method: options.request ?? (body === undefined ? 'GET' : 'POST'),
          path,
          headers: requestHeaders(options.header, body),
          ...(body === undefined ? {} : { body }),
        },
        ...(options.user === undefined ? {} : { user: options.user }),
        ...(options.location === undefined ? {} : { locationId: options.location }),
      },
      bindings,
      legs,
      agent,
      (tls) => {
        const own = createAgent({ ...bindings, tls })
        agents.push(own)
        return own
      },
      AbortSignal.timeout(options.maxTime * 1000),
    )
    if (options.json) await printJson(terminal, result, legs)
    else {
      if (options.verbose) for (const line of headLines(result.response)) terminal.note(`< ${line}`)
      await printPlain(terminal, result, legs, options.include === true)
    }
    const { statusCode } = result.response
    if (statusCode < 200 || statusCode > 299) context.exitWith(1)
  } finally {
    // Also when the answer was not read to its end.
    await Promise.all(agents.map((one) => one.destroy()))
  }
}

async function readBody(text: string, workingDirectory: string): Promise<Uint8Array> {
  if (text === '@-') return buffer(process.stdin)
  return text.startsWith('@') ? readFileSync(resolve(workingDirectory, text.slice(1))) : Buffer.from(text)
}

function requestHeaders(lines: readonly string[], body: Uint8Array | undefined): Record<string, string> {
  const headers: Record<string, string> = { accept: '*/*' }
  if (body !== undefined)
    headers['content-type'] = isJson(body) ? 'application/json' : 'application/x-www-form-urlencoded'
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(body).toString('utf8'))
    return true
  } catch {
    return false
  }
}

async function printPlain(terminal: Terminal, { response }: CallResult, legs: Legs, include: boolean): Promise<void> {
  if (include) {
    await terminal.write(Buffer.from([...headLines(response), '', ''].join('\r\n')))
  }
  await legs.measure(
    'body',
    async () => {
      let bytes = 0
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        bytes += chunk.length
        await terminal.write(chunk)
      }
      return bytes
    },
    (bytes) => `${bytes} bytes`,
  )
  if (response.statusCode > 299) terminal.note(`The answer has status ${response.statusCode}.`)
}

async function printJson(terminal: Terminal, { destination, response }: CallResult, legs: Legs): Promise<void> {
  const text = await legs.measure(
    'body',
    () => response.body.text(),
    (body) => `${body.length} characters`,
  )
  const { url, isOnPremise, authentication, locationId } = destination
  terminal.print(
    JSON.stringify({
      status: response.statusCode,
      headers: response.headers,
      body: text,
      destination: { url: url.href, proxyType: isOnPremise ? 'OnPremise' : 'Internet', authentication, locationId },
      legs: legs.all,
    }),
  )
}

function headLines({ statusCode, headers }: Dispatcher.ResponseData): readonly string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((single) => `${name}: ${single}`),
  )
  return [`HTTP/1.1 ${statusCode}`, ...fields]
}
