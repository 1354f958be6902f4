import { createServer, type Server, type Socket } from 'node:net'
import type { Destination, LandbridgeClient } from '@landbridge/client'
import { type Closeable, isPlatformError, type Log, PlatformError } from '@landbridge/kernel'
import { addressOfEntry, type Entry } from '../entries/entry.ts'
import { join } from '../http/upgraded.ts'
import { invalid } from '../lookup/check-destination.ts'
import type { TenantRules } from '../lookup/tenant.ts'
import type { OnPremise } from '../on-premise.ts'

export interface TcpEntryOptions {
  readonly client: LandbridgeClient
  readonly onPremise: OnPremise
  readonly tenants: TenantRules
  readonly host: string
  readonly log: Log
}

/** A port of this machine that leads to a TCP destination: each connection through one of SOCKS5 (guide L35183). */
export class TcpEntry implements Closeable {
  readonly entry: Entry
  readonly #options: TcpEntryOptions
  readonly #server: Server
  readonly #callers: Set<Socket>

  private constructor(entry: Entry, options: TcpEntryOptions) {
    this.entry = entry
    this.#options = options
    this.#callers = new Set()
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (caller) => {
      this.#callers.add(caller)
      caller.on('error', () => {}).on('close', () => this.#callers.delete(caller))
      void this.#serve(caller)
    })
  }

  /** @throws PlatformError PORT_IN_USE */
  static async open(entry: Entry, options: TcpEntryOptions): Promise<TcpEntry> {
    const opened = new TcpEntry(entry, options)
    const { host } = options
    const { port = 0 } = entry
    await new Promise<void>((resolve, reject) => {
      opened.#server.once('error', (cause) => {
        const facts = { host, port, setting: `port of ${addressOfEntry(entry)}` }
        const inUse = 'code' in cause && cause.code === 'EADDRINUSE'
        reject(inUse ? new PlatformError('PORT_IN_USE', facts, { cause }) : cause)
      })
      opened.#server.listen({ host, port }, resolve)
    })
    return opened
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const caller of this.#callers) caller.destroy()
    await closed
  }

  async #serve(caller: Socket): Promise<void> {
    const gone = new AbortController()
    const abort = (): void => gone.abort(new Error('the caller is gone'))
    caller.once('close', abort)
    const { client, onPremise, log } = this.#options
    try {
      const destination = await client.findDestination(this.entry.destinationRef.name, {
        ...findOptions(this.entry, this.#options.tenants),
        signal: gone.signal,
      })
      const { host, port } = addressOf(destination)
      const target = await onPremise.connect(destination, host, port, gone.signal)
      caller.off('close', abort)
      join(caller, target)
    } catch (failure) {
      if (gone.signal.aborted) return
      // TCP has no words for a refusal: the log has them.
      log.warn('transparent-proxy.tcp-refused', {
        entry: addressOfEntry(this.entry),
        ...(isPlatformError(failure) ? { code: failure.code, ...failure.facts } : {}),
      })
      caller.resetAndDestroy()
    }
  }
}

function findOptions({ destinationRef, fragmentRef, tenantSubdomain }: Entry, { own }: TenantRules) {
  const { level } = destinationRef
  const fragment = fragmentRef?.level === undefined ? fragmentRef?.name : `${fragmentRef.name}@${fragmentRef.level}`
  return {
    skipTokenRetrieval: true,
    ...(tenantSubdomain === undefined ? (own === undefined ? {} : { tenant: own }) : { tenantSubdomain }),
    ...(fragment === undefined ? {} : { fragments: [fragment] }),
    ...(fragmentRef?.optional === true ? { isFragmentOptional: true } : {}),
    ...(level === undefined && fragmentRef?.level === undefined ? {} : { version: 'v2' as const }),
    ...(level === undefined ? {} : { level }),
  }
}

/** Host and port in `Address`, else in a `tcp://` URL. @throws PlatformError TRANSPARENT_PROXY_DESTINATION_INVALID */
export function addressOf(destination: Destination): { readonly host: string; readonly port: number } {
  const type = destination.getProperty('Type')
  if (type !== 'TCP') throw invalid(destination, `its type is ${type}, not TCP`)
  if (!destination.isOnPremise) throw invalid(destination, 'TCP destinations need the proxy type OnPremise')
  const address = destination.getProperty('Address')
  const text = address === undefined ? destination.url : address.replace(/^(?:tcp:\/\/)?/i, 'tcp://')
  const [, host = '', digits = ''] = /^tcp:\/\/([^\s:/@]{1,253}):(\d{1,5})\/?$/i.exec(text ?? '') ?? []
  const port = Number(digits)
  if (host !== '' && port >= 1 && port <= 65_535) return { host, port }
  throw invalid(destination, 'its Address must be <host>:<port>')
}
