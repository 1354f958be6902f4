import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { Bindings, parseVcapServices } from '@landbridge/client'
import { loadConfig } from '@landbridge/config'
import { type Clock, createLog, type Facts, systemClock } from '@landbridge/kernel'
import {
  type RunningTransparentProxy,
  startTransparentProxy,
  transparentProxyConfigSchema,
} from '@landbridge/transparent-proxy'

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Recorder extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly server: Server
  readonly asked: Asked[]
}

/** A server that notes what it is asked; by default it answers with 200 and `fine`. */
export async function startRecorder(
  answer: (response: ServerResponse, asked: Asked, request: IncomingMessage) => void = (response) =>
    void response.end('fine'),
): Promise<Recorder> {
  const asked: Asked[] = []
  const server = createServer(async (incoming, response) => {
    const { method = '', url = '', headers, rawHeaders } = incoming
    const body = await text(incoming).catch(() => 'broken')
    const one = { method, url, headers, rawHeaders, body }
    asked.push(one)
    answer(response, one, incoming)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Properties of a destination, with what the destination service adds to its answer. */
export interface StoredDestination {
  readonly properties?: Readonly<Record<string, string>>
  readonly authTokens?: readonly object[]
  readonly certificates?: readonly object[]
  /** Answered instead. */
  readonly status?: number
}

export interface Platform extends Recorder {
  readonly destinations: Map<string, StoredDestination>
  /** Requests for destinations so far, without those for tokens. */
  readonly finds: readonly Asked[]
  readonly tokens: readonly Asked[]
  refuseTokens(refuse: boolean): void
  /** Called before each answer about a destination. */
  delay(before: () => void): void
}

/** Token and destination service of which a test decides what they answer. */
export async function startPlatform(): Promise<Platform> {
  const destinations = new Map<string, StoredDestination>()
  const state = { refuseTokens: false, before: () => {} }
  const recorder = await startRecorder((response, { url }) => {
    const send = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.startsWith('/oauth/token')) {
      if (state.refuseTokens) send(401, { error: 'unauthorized', error_description: 'Bad credentials' })
      else send(200, { access_token: `t${recorder.asked.length}`, expires_in: 3_600 })
      return
    }
    state.before()
    const path = new URL(url, 'http://x').pathname
    const name = decodeURIComponent(path.split('/').at(-1) ?? '').split('@')[0] ?? ''
    const stored = destinations.get(name)
    if (stored === undefined || stored.status !== undefined) {
      send(stored?.status ?? 404, { ErrorMessage: stored === undefined ? 'no such destination' : 'not like that' })
      return
    }
    const isPlain = url.includes('$skipTokenRetrieval=true')
    send(200, {
      owner: { SubaccountId: 's1', InstanceId: null },
      destinationConfiguration: { Name: name, Type: 'HTTP', ...stored.properties },
      ...(stored.certificates === undefined ? {} : { certificates: stored.certificates }),
      ...(isPlain || stored.authTokens === undefined ? {} : { authTokens: stored.authTokens }),
    })
  })
  return {
    ...recorder,
    destinations,
    get finds() {
      return recorder.asked.filter(({ url }) => !url.startsWith('/oauth'))
    },
    get tokens() {
      return recorder.asked.filter(({ url }) => url.startsWith('/oauth'))
    },
    refuseTokens(refuse) {
      state.refuseTokens = refuse
    },
    delay(before) {
      state.before = before
    },
  }
}

export interface Started extends AsyncDisposable {
  readonly running: RunningTransparentProxy
  readonly lines: readonly { readonly event: string; readonly facts: Facts; readonly cause: unknown }[]
  call(host: string, path: string, options?: CallOptions): Promise<Called>
}

export interface CallOptions {
  readonly method?: string
  /** Name, value, name, value, … */
  readonly headers?: readonly string[]
  readonly body?: string
}

export interface Called {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface StartOptions {
  readonly destinations: readonly object[]
  /** Of the configuration. */
  readonly settings?: object
  readonly connectivity?: Readonly<Record<string, unknown>>
  readonly ca?: string
  readonly clock?: Clock
}

/** A transparent proxy on free ports, with bindings of the stand-in. */
export async function startProxy(platform: Platform, options: StartOptions): Promise<Started> {
  const lines: { event: string; facts: Facts; cause: unknown }[] = []
  const { destinations, settings = {}, connectivity, clock = systemClock } = options
  const config = loadConfig(transparentProxyConfigSchema, {
    environment: {},
    overrides: { port: 0, 'health.port': 0, destinations, ...settings },
  })
  const oauth = { clientid: 'c', clientsecret: 's', url: platform.url, tenantid: 'own', identityzone: 'acme' }
  const running = await startTransparentProxy({
    config,
    bindings: new Bindings(
      parseVcapServices({
        destination: [{ name: 'd', credentials: { ...oauth, uri: platform.url } }],
        ...(connectivity === undefined
          ? {}
          : { connectivity: [{ name: 'c', credentials: { ...oauth, clientid: 'conn', ...connectivity } }] }),
      }),
    ),
    clock,
    log: createLog((_level, event, facts, cause) => void lines.push({ event, facts, cause }), 'debug'),
  })
  return {
    running,
    lines,
    call: (host, path, call = {}) => callProxy(running.port, host, path, call),
    [Symbol.asyncDispose]: () => running.close(),
  }
}

async function callProxy(port: number, host: string, path: string, options: CallOptions): Promise<Called> {
  const { method = 'GET', headers = [], body } = options
  const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const sent = request({ port, host: '127.0.0.1', path, method, headers: ['Host', host, ...headers, ...length] })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const content = await buffer(answer)
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    rawHeaders: answer.rawHeaders,
    body: content.toString(),
  }
}

/** A destination that leads to this address. */
export function leadsTo(URL: string, more: Readonly<Record<string, string>> = {}): StoredDestination {
  return { properties: { URL, ProxyType: 'Internet', Authentication: 'NoAuthentication', ...more } }
}

/** A token as the destination service prepares it. */
export function prepared(value: string, key = 'Authorization'): object {
  return { type: 'Bearer', value, http_header: { key, value: `Bearer ${value}` }, expires_in: '3600' }
}
