import { X509Certificate } from 'node:crypto'
import { type Clock, jitteredBackoffMs, type Log, PlatformError } from '@landbridge/kernel'
import type {
  ChannelBroker,
  ChannelDesk,
  ChannelRequest,
  ServiceQuestion,
  TunnelBroker,
  TunnelRequestMessage,
  TunnelTable,
} from '@landbridge/proxy'
import { Agent, type Dispatcher, request } from 'undici'

export interface ServiceClientOptions {
  /** Base URL of the connectivity service. */
  readonly url: string
  /** CA (PEM) that issued the certificate of the service; the system's list when absent. */
  readonly ca?: string
  /** A token of the proxy's own instance, fresh enough to use now. */
  readonly token: () => Promise<string>
  /** What connectors see of this proxy, for the inventory of the service; PEM. */
  readonly tunnelServer: { readonly host: string; readonly certificate: string }
  readonly clock: Clock
  readonly log: Log
}

const requestTimeoutMs = 8_000
/** The service sends a heartbeat every 10 seconds. */
const silenceMs = 25_000
const maxLineBytes = 1024 * 1024
/** A service that is away is asked often: requests wait for the news of a connector that came back with it. */
const awayCapMs = 1_500

/** The connectivity service as this proxy uses it: asking for tunnels, and hearing what changes. */
export class ServiceClient implements TunnelBroker, ChannelBroker {
  readonly #options: ServiceClientOptions
  readonly #dispatcher: Dispatcher
  readonly #certificateHeaders: Readonly<Record<string, string>>
  readonly #stopped: AbortController
  readonly #synchronised: PromiseWithResolvers<void>
  isSynchronised: boolean

  constructor(options: ServiceClientOptions) {
    this.#options = options
    this.#dispatcher = new Agent({
      connect: options.ca === undefined ? {} : { ca: options.ca },
      headersTimeout: requestTimeoutMs,
      bodyTimeout: silenceMs,
    })
    this.#certificateHeaders = certificateHeaders(options.tunnelServer)
    this.#stopped = new AbortController()
    this.#synchronised = Promise.withResolvers()
    this.isSynchronised = false
  }

  /** Resolves when it knows for the first time who is connected and which certificates are revoked. */
  get synchronised(): Promise<void> {
    return this.#synchronised.promise
  }

  async requestTunnel(message: TunnelRequestMessage, callerToken: string): Promise<void> {
    const statusCode = await this.#post('/api/v1/tunnels', message, callerToken)
    if (statusCode === 202) return
    const { subaccountId, locationId } = message
    if (statusCode === 404 || statusCode === 503)
      throw new PlatformError('CONNECTOR_NOT_CONNECTED', { subaccountId, locationId })
    this.#options.log.error('service.refused', { status: statusCode, subaccountId })
    throw new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE', { status: statusCode })
  }

  openChannelTunnel(message: Parameters<ChannelBroker['openChannelTunnel']>[0]): Promise<void> {
    return this.requestTunnel(message, '')
  }

  refuseChannel(refusal: Parameters<ChannelBroker['refuseChannel']>[0]): Promise<void> {
    return this.#answer('/api/v1/tunnels/refusals', refusal)
  }

  offerServices(offer: Parameters<ChannelBroker['offerServices']>[0]): Promise<void> {
    return this.#answer('/api/v1/tunnels/services', offer)
  }

  async #answer(path: string, message: object): Promise<void> {
    const statusCode = await this.#post(path, message, '')
    if (statusCode !== 204) throw new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE', { status: statusCode })
  }

  /** @returns the status. @throws PlatformError CONNECTIVITY_SERVICE_UNREACHABLE */
  async #post(path: string, message: object, callerToken: string): Promise<number> {
    const token = callerToken === '' ? await this.#options.token() : callerToken
    const { statusCode, body } = await request(`${this.#options.url}${path}`, {
      dispatcher: this.#dispatcher,
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(message),
      signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), this.#stopped.signal]),
    }).catch((cause: unknown) => {
      throw new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE', {}, { cause })
    })
    await body.dump()
    return statusCode
  }

  /** Follows the events of the service until `close`; reconnects by itself. */
  async follow(table: TunnelTable, channels: ChannelDesk): Promise<void> {
    const { clock, log } = this.#options
    for (let failures = 0; !this.#stopped.signal.aborted; failures++) {
      const startedAtMs = clock.now()
      try {
        await this.#readEvents(table, channels)
      } catch (cause) {
        if (failures === 0 && !this.#stopped.signal.aborted) log.warn('service.events-lost', {}, cause)
      }
      this.isSynchronised = false
      if (clock.now() - startedAtMs > 5_000) failures = 0
      await this.#wait(jitteredBackoffMs(failures, 100, awayCapMs))
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#dispatcher.destroy()
  }

  async #readEvents(table: TunnelTable, channels: ChannelDesk): Promise<void> {
    const token = await this.#options.token()
    const { statusCode, body } = await request(`${this.#options.url}/api/v1/tunnels/events`, {
      dispatcher: this.#dispatcher,
      headers: { authorization: `Bearer ${token}`, ...this.#certificateHeaders },
      signal: this.#stopped.signal,
    })
    if (statusCode !== 200) {
      await body.dump()
      throw new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE', { status: statusCode })
    }
    let rest = ''
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      rest += chunk
      if (rest.length > maxLineBytes)
        throw new PlatformError('CONNECTIVITY_SERVICE_UNREACHABLE', { reason: 'an event is too long' })
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        this.#event(table, channels, JSON.parse(rest.slice(0, end)) as TunnelEvent)
        rest = rest.slice(end + 1)
      }
    }
  }

  #event(table: TunnelTable, channels: ChannelDesk, event: TunnelEvent): void {
    switch (event.type) {
      case 'snapshot':
        for (const fingerprint of event.revoked) table.revoke(fingerprint)
        for (const one of event.connected) table.connectorConnected(one.subaccountId, one.locationId, one.connectorId)
        this.isSynchronised = true
        this.#synchronised.resolve()
        return
      case 'connector-connected':
        return table.connectorConnected(event.subaccountId, event.locationId, event.connectorId)
      case 'certificate-revoked':
        return table.revoke(event.fingerprint)
      case 'channel-requested':
        return void channels.requested(event)
      case 'services-requested':
        return void channels.listed(event)
    }
  }

  #wait(delayMs: number): Promise<void> {
    // The signal tells only once: after that there is nobody to end the wait.
    if (this.#stopped.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const { signal } = this.#stopped
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.clock.after(delayMs, done)
      signal.addEventListener('abort', done)
    })
  }
}

interface Connected {
  readonly subaccountId: string
  readonly locationId: string
  readonly connectorId: string
}

type TunnelEvent =
  | { readonly type: 'snapshot'; readonly revoked: readonly string[]; readonly connected: readonly Connected[] }
  | ({ readonly type: 'connector-connected' } & Connected)
  | ({ readonly type: 'connector-disconnected' } & Connected)
  | ({ readonly type: 'channel-requested' } & ChannelRequest)
  | ({ readonly type: 'services-requested' } & ServiceQuestion)
  | { readonly type: 'certificate-revoked'; readonly fingerprint: string }
  | { readonly type: 'heartbeat' }

/** The leaf alone, which ends first; never the key. */
function certificateHeaders({ host, certificate }: ServiceClientOptions['tunnelServer']) {
  return {
    'landbridge-tunnel-host': host,
    'landbridge-tunnel-certificate': new X509Certificate(certificate).raw.toString('base64'),
  }
}
