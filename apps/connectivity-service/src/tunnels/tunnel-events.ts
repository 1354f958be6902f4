import type { ServerResponse } from 'node:http'
import type { Clock, Log } from '@landbridge/kernel'
import type { ConnectorEvent, ConnectorHub, ConnectorRepository } from '@landbridge/registry'
import type { ProxyCertificate } from './proxy-certificate.ts'
import { mayServe, type TunnelCaller } from './tunnel-caller.ts'

const heartbeatMs = 10_000

/** Also for tokens that live longer: timers count to 2^31 ms. */
const longestStreamMs = 24 * 3_600_000

/** A proxy that reads slower than this is cut off; it comes back and gets a fresh snapshot. */
const maxUnsentBytes = 1024 * 1024

/**
 * Streams of NDJSON: a snapshot first, then each change. What happens while the snapshot is read follows it, so a
 * change may be told twice but never lost.
 */
export class TunnelEvents {
  readonly #connectors: ConnectorRepository
  readonly #hub: ConnectorHub
  readonly #clock: Clock
  readonly #log: Log
  /** With what each proxy says of its certificate. */
  readonly #open: Map<ServerResponse, ProxyCertificate | undefined>

  constructor(options: { connectors: ConnectorRepository; hub: ConnectorHub; clock: Clock; log: Log }) {
    this.#connectors = options.connectors
    this.#hub = options.hub
    this.#clock = options.clock
    this.#log = options.log
    this.#open = new Map()
  }

  /** The certificates of the proxies that listen to this replica, each once. */
  proxyCertificates(): readonly ProxyCertificate[] {
    const present = [...this.#open.values()].filter((one) => one !== undefined)
    return [...new Map(present.map((one) => [JSON.stringify(one), one])).values()]
  }

  /** Serves one reader until it leaves, its token expires or the service stops. */
  async stream(response: ServerResponse, caller: TunnelCaller, certificate?: ProxyCertificate): Promise<void> {
    const early: ConnectorEvent[] = []
    let send = (event: ConnectorEvent): void => void early.push(event)
    const unsubscribe = this.#hub.subscribe((event) => {
      if (mayServe(caller, event.subaccountId)) send(event)
    })
    response.once('close', () => {
      unsubscribe()
      this.#open.delete(response)
    })
    this.#open.set(response, certificate)
    try {
      const snapshot = await this.#snapshot(caller)
      if (response.destroyed || response.writableEnded) return
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
      write(response, snapshot)
      send = (event) => write(response, toWire(event))
      for (const event of early.splice(0)) send(event)
    } catch (failure) {
      // The headers may be out, so the one answer left is to end: the proxy comes back.
      this.#log.error('tunnel.events.failed', {}, failure)
      response.destroy()
      return
    }
    const validMs = Math.min(longestStreamMs, Math.max(0, caller.tokenExpiresAtMs - this.#clock.now()))
    const stop = [
      this.#clock.every(heartbeatMs, () => write(response, { type: 'heartbeat' })),
      this.#clock.after(validMs, () => response.end()),
    ]
    response.once('close', () => {
      for (const cancel of stop) cancel()
    })
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#open.keys()) response.end()
  }

  async #snapshot(caller: TunnelCaller): Promise<object> {
    const nowMs = this.#clock.now()
    const revoked = await this.#connectors.listRevoked(nowMs)
    const sessions = await this.#connectors.listSessions(nowMs)
    return {
      type: 'snapshot',
      revoked: revoked.filter((one) => mayServe(caller, one.subaccountId)).map((one) => one.fingerprint),
      connected: sessions
        .filter((session) => mayServe(caller, session.subaccountId))
        .map(({ subaccountId, locationId, connectorId }) => ({ subaccountId, locationId, connectorId })),
    }
  }
}

function toWire(event: ConnectorEvent): object {
  return event.type === 'certificate-revoked' ? { type: event.type, fingerprint: event.fingerprint } : event
}

function write(response: ServerResponse, message: object): void {
  if (response.writableEnded || response.destroyed) return
  response.write(`${JSON.stringify(message)}\n`)
  if (response.writableLength > maxUnsentBytes) response.destroy()
}
