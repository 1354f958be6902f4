import { EventEmitter, once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { loadConfig } from '@landbridge/config'
import { type LocalCa, remoteKeySource, TokenVerifier } from '@landbridge/identity'
import { type Clock, createLog, systemClock } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { type Socks5Answer, Socks5ReplyReader, socks5AuthRequest, socks5Greeting } from '@landbridge/socks5'
import {
  connectivityProxyConfigSchema,
  isIssuerOf,
  type RunningConnectivityProxy,
  readServiceKey,
  startConnectivityProxy,
} from '../src/index.ts'
import type { Cloud } from './cloud.ts'

export const tunnelName = 'tunnel.proxy.test'

export interface ProxyOptions {
  /** The connectivity_proxy binding that pairs it. */
  readonly pairedBy: BoundService
  /** Settings by dotted path, besides those that a test on one machine needs. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly userTokenNamesTenant?: boolean
  /** Time as the verification of tokens sees it. */
  readonly verifierClock?: Clock
  /** In place of what the service key says. */
  readonly caListUrl?: string
  /** Authority of connectors while the list is not known. */
  readonly fallbackCa?: string
  /** Issues the certificate of the tunnel server, in place of the platform's. */
  readonly tunnelCa?: LocalCa
  /** Time as the proxy itself sees it. */
  readonly clock?: Clock
  /** The proxy's own token for the connectivity service, where it is not to get one as usual. */
  readonly token?: () => Promise<string>
}

export interface TestProxy extends RunningConnectivityProxy {
  /** Every log line as text, those at debug level too. */
  readonly logged: string[]
  /** Lines of audit. */
  readonly audited: string[]
  /** Resolves when an event was logged so many times. */
  said(event: string, times: number): Promise<void>
  /** A request through the HTTP proxy to a virtual host, by default `erp.virtual:80`. */
  get(headers?: Record<string, string>, url?: string): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Why the proxy itself refused; undefined for answers of others. */
  readonly error: string | undefined
}

const oneMachine = {
  'servers.businessDataTunnel.port': 0,
  'servers.businessDataTunnel.externalHost': tunnelName,
  'servers.businessDataTunnel.externalPort': 0,
  'servers.proxy.http.enabled': true,
  'servers.proxy.http.port': 0,
  'servers.proxy.socks5.port': 0,
  'landbridge.externalAddress': '127.0.0.1',
  'landbridge.health.port': 0,
}

/**
 * Starts a proxy as `landbridge proxy` does: all it knows of the platform is its service key and the CA. Resolves when
 * it knows the connectors, if it has a token to ask for them.
 */
export async function startProxy(cloud: Cloud, options: ProxyOptions): Promise<TestProxy> {
  const key = readServiceKey(await cloud.serviceKey(options.pairedBy))
  const ca = cloud.ca.certificatePem
  const logged: string[] = []
  const audited: string[] = []
  const lines = new EventEmitter()
  const log = createLog((level, event, facts, cause) => {
    logged.push(`${level} ${event} ${JSON.stringify(facts)} ${String(cause ?? '')}`)
    lines.emit('line')
  }, 'debug')
  const clock = options.verifierClock ?? systemClock
  const keys = remoteKeySource({ url: `https://${key.uaaDomain}/token_keys`, ca, clock, log })
  const { cert, key: tlsKey } = await (options.tunnelCa ?? cloud.ca).issueServer({ dnsNames: [tunnelName], days: 1 })
  const proxy = await startConnectivityProxy({
    config: loadConfig(connectivityProxyConfigSchema, {
      environment: {},
      overrides: { ...oneMachine, ...options.settings },
    }),
    verifier: new TokenVerifier({ keys, clock, acceptIssuer: (issuer) => isIssuerOf(key.uaaDomain, issuer) }),
    service: {
      url: key.connectivityUrl,
      ca,
      token: options.token ?? (() => cloud.token(options.pairedBy)),
      instance: key,
      caListUrl: options.caListUrl ?? key.caListUrl,
    },
    tls: { cert, key: tlsKey, connectorCa: options.fallbackCa ?? '' },
    userTokenNamesTenant: options.userTokenNamesTenant ?? false,
    mayActFor: (caller, userTenantId) => cloud.tenantAccess.mayActFor(caller, userTenantId),
    audit: (line) => audited.push(line),
    clock: options.clock ?? systemClock,
    log,
  })
  if (options.token === undefined) await ready(proxy)
  return {
    ...proxy,
    logged,
    audited,
    async said(event, times) {
      while (logged.filter((line) => line.split(' ')[1] === event).length < times) await once(lines, 'line')
    },
    get: (headers = {}, url = 'http://erp.virtual/') => getThrough(proxy.httpPort, url, headers),
  }
}

async function ready({ healthUrl }: RunningConnectivityProxy): Promise<void> {
  for (;;) if ((await fetch(`${healthUrl}/health/ready`)).ok) return
}

function getThrough(port: number, url: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url)
    const sent = request({ host: '127.0.0.1', port, path: url, headers: { host, ...headers }, agent: false })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const error = response.headers['x-landbridge-error']
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
          error: typeof error === 'string' ? error : undefined,
        })
      })
    })
    sent.end()
  })
}

export function bearer(token: string): Record<string, string> {
  return { 'proxy-authorization': `Bearer ${token}` }
}

/** Greets the SOCKS5 proxy with method 0x80 and shows a token; the status of the answer is 0 when it was accepted. */
export async function socksAuthentication(port: number, token: string, locationId = ''): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  const reader = new Socks5ReplyReader()
  const answers: Socks5Answer[] = []
  try {
    socket.write(Buffer.concat([socks5Greeting(), socks5AuthRequest(token, locationId)]))
    for await (const chunk of socket) {
      answers.push(...reader.push(chunk as Buffer))
      const authentication = answers.find((answer) => answer.kind === 'authentication')
      if (authentication !== undefined) return authentication.status
    }
    throw new Error(`the SOCKS5 proxy hung up: ${JSON.stringify(answers)}`)
  } finally {
    socket.destroy()
  }
}
