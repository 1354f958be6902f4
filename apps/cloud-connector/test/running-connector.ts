import { randomBytes, scryptSync } from 'node:crypto'
import { type Agent, request as httpsRequest } from 'node:https'
import { createRuntime, type RuntimeOptions } from '@landbridge/connector'
import { type Clock, createLog, type Log, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { ConnectorStore, type ConnectorTables, connectorMigrations, openStore, type Store } from '@landbridge/store'
import { firstSettings } from '../src/first-settings.ts'
import { type CloudConnector, type CloudConnectorConfig, KerberosAgent, startCloudConnector } from '../src/index.ts'
import { type FakeRegion, regionHost } from './fake-region.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
}

export interface Call {
  readonly user?: string
  readonly password?: string
  /** No Basic credentials when false. */
  readonly login?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** Take every certificate: the test looks at it by itself. */
  readonly insecure?: boolean
  /** Keeps connections for further calls. */
  readonly agent?: Agent
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: string | Buffer
}

export interface RunningConnector {
  readonly app: CloudConnector
  call(method: string, path: string, call?: Call): Promise<Answer>
  close(): Promise<void>
}

export const password = 'test-pass'
export const id = '7f0c1f6e-0000-4000-8000-000000000001'
export const configuration = '/api/v1/configuration'
export const subaccountPath = `${configuration}/subaccounts/${regionHost}/${id}`

/** A complete configuration with short waits. */
export const testConfig: CloudConnectorConfig = {
  host: '127.0.0.1',
  port: 0,
  dnsNames: ['localhost'],
  sessionIdleMs: 60_000,
  initialPassword: password,
  haRole: 'master',
  regionTimeoutMs: 15_000,
  tunnelTimeoutMs: 15_000,
  channelBindAddress: '127.0.0.1',
  reportCertificates: true,
  omitEmptyTexts: false,
  rfcInfrastructureFunctions: [],
  regions: {},
}

/** The database of a connector in `folder`. */
export function openConnectorStore(folder: string, clock: Clock = systemClock): Promise<Store<ConnectorTables>> {
  return openStore<ConnectorTables>({
    url: `sqlite:${folder}/connector.db`,
    sealer: new Sealer(Buffer.alloc(32, 3)),
    clock,
    log: silentLog,
    migrations: connectorMigrations,
  })
}

/**
 * Gives a new installation its settings, with a password hash that is cheap: hundreds of connectors are started here, and
 * the real cost, twice for each, was a quarter of all processor time.
 */
export async function prepareInstallation(store: Store<ConnectorTables>, config: CloudConnectorConfig): Promise<void> {
  const isUsual = config.initialPassword === password && config.bootstrap === undefined
  if (isUsual && (await ConnectorStore.isNew(store)))
    await ConnectorStore.open(store, await firstSettings(config, cheapHash))
}

/** As `hashPassword`, a thousandth of the work. */
export async function cheapHash(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = scryptSync(password, salt, 32, { N: 2 ** 4, r: 8, p: 1 })
  return `scrypt$4$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** A connector on a database in `folder`, with the real runtime, paired with nothing yet. */
export async function startConnector(
  folder: string,
  region?: FakeRegion,
  more: Partial<CloudConnectorConfig> = {},
  log: Log = silentLog,
  clock: Clock = systemClock,
  runtimeOptions: Partial<RuntimeOptions> = {},
): Promise<RunningConnector> {
  const store = await openConnectorStore(folder, clock)
  const config: CloudConnectorConfig = {
    ...testConfig,
    regions:
      region === undefined
        ? {}
        : { [regionHost]: { address: '127.0.0.1', port: region.port, ca: region.ca.certificatePem } },
    ...more,
  }
  await prepareInstallation(store, config)
  const tickets = new KerberosAgent(silentLog)
  const runtime = createRuntime({
    tickets,
    clock,
    log: silentLog,
    channelBindAddress: config.channelBindAddress,
    trustChanged: (subaccountId, host) => app.trustChanged(subaccountId, host),
    denied: (access) => app.recordAccess(access),
    allowed: (access) => app.recordAccess(access),
    ...runtimeOptions,
  })
  const app: CloudConnector = await startCloudConnector({
    config,
    store,
    runtime,
    logDirectory: `${folder}/log`,
    configDirectory: folder,
    clock,
    log,
  })
  return {
    app,
    call: (method, path, call) => send(app, method, path, call ?? {}),
    async close() {
      await app.close()
      tickets.close()
      await store.close()
    },
  }
}

/**
 * Headers and body of a form. A part is text, bytes without a file name as the guide's sample program sends them, or
 * bytes with one as curl does.
 */
export function form(parts: Readonly<Record<string, string | Buffer | { file: Buffer }>>): Call {
  const boundary = 'a-boundary'
  const chunks = Object.entries(parts).flatMap(([name, part]) => {
    const isFile = typeof part === 'object' && 'file' in part
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${isFile ? '; filename="f"' : ''}\r\n`
    const type = typeof part === 'string' ? '' : 'Content-Type: application/x-pkcs12\r\n'
    return [Buffer.from(`${head}${type}\r\n`), isFile ? part.file : Buffer.from(part as string), Buffer.from('\r\n')]
  })
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

/** A log that tells when the administration has restarted. */
export function restartLog(): { readonly log: Log; restarted(): Promise<void> } {
  let tell = (): void => {}
  let next = new Promise<void>((resolve) => {
    tell = resolve
  })
  const log = createLog((_level, event) => {
    if (event === 'cloud-connector.restarted') tell()
  }, 'info')
  return {
    log,
    async restarted() {
      await next
      next = new Promise<void>((resolve) => {
        tell = resolve
      })
    },
  }
}

export function send(app: { url: string; uiCa: string }, method: string, path: string, call: Call): Promise<Answer> {
  const body = call.json === undefined ? call.body : JSON.stringify(call.json)
  const credentials = `${call.user ?? 'Administrator'}:${call.password ?? password}`
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      `${app.url}${path}`,
      {
        method,
        ca: app.uiCa,
        rejectUnauthorized: call.insecure !== true,
        agent: call.agent ?? false,
        headers: {
          connection: 'keep-alive',
          ...(call.login === false ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
          ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          ...call.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        const { socket } = response
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('latin1')
          const isJson = String(response.headers['content-type']).startsWith('application/json')
          const decoded = Buffer.from(text, 'latin1').toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: isJson ? decoded : text,
            json: isJson ? JSON.parse(decoded) : undefined,
          })
          if (call.agent === undefined) socket.destroy()
        })
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}
