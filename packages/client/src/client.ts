import type { AgentOptions, Agent as HttpAgent } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, type Closeable, closeAll, type Log, silentLog } from '@landbridge/kernel'
import type { Dispatcher, Response } from 'undici'
import type { AuthenticationHeader } from './authentication/authentication-headers.ts'
import { AuthenticationHeaderProvider } from './authentication/header-provider.ts'
import type { Binding } from './bindings/binding.ts'
import type { Bindings } from './bindings/bindings.ts'
import { readOAuthClient, requiredText } from './bindings/oauth-client.ts'
import { type BindingSources, readBindings } from './bindings/read-bindings.ts'
import type { Destination } from './destination/destination.ts'
import { type CachePolicy, DestinationFinder, defaultCachePolicy } from './destination/destination-finder.ts'
import type { FindOptions } from './destination/find-options.ts'
import type { ListedDestination, ListOptions } from './destination/list-destinations.ts'
import { type CallOptions, DestinationFetch, routeOf } from './fetch/destination-fetch.ts'
import { ServiceHttp } from './http/service-http.ts'
import { ConnectivityProxy, type Route } from './proxy/connectivity-proxy.ts'
import { ProxyAgent } from './proxy/proxy-agent.ts'
import { type CircuitPolicy, defaultCircuitPolicy } from './resilience/circuit-breaker.ts'
import type { CircuitPhase } from './resilience/circuit-phase.ts'
import type { CacheStatistics } from './resilience/expiring-cache.ts'
import { defaultRetryPolicy, type RetryPolicy } from './resilience/retry.ts'
import { waitingClock } from './resilience/wait.ts'
import { openRfc, type RfcConnectOptions } from './rfc/open-rfc.ts'
import { type RfcForwarder, startRfcForwarder } from './rfc/rfc-forwarder.ts'
import { openSocks5, type Socks5Target } from './socks/connect-socks5.ts'
import { TokenClient } from './token/token-client.ts'
import { UserContext } from './user-context.ts'

export interface ClientOptions extends BindingSources {
  /** Default: what `readBindings` finds. */
  readonly bindings?: Bindings
  /** Name of the destination binding. Default: of `destination_instance_name` in the environment, else the only one. */
  readonly destinationBinding?: string
  /** Name of the connectivity binding. Default: of `connectivity_instance_name` in the environment, else the only one. */
  readonly connectivityBinding?: string
  /** PEM of authorities that token and destination service are trusted by, besides those of Node. */
  readonly ca?: string
  readonly cache?: Partial<CachePolicy>
  readonly retry?: Partial<RetryPolicy>
  readonly circuit?: Partial<CircuitPolicy>
  /** Default 2,000. */
  readonly connectTimeoutMs?: number
  /** For calls of the token and the destination service, and for opening SOCKS5 connections. Default 30,000. */
  readonly readTimeoutMs?: number
  readonly clock?: Clock
  readonly log?: Log
  readonly random?: () => number
}

export interface SocksOptions extends Socks5Target {
  readonly tenant?: string
  /** Instead of `tenant`. */
  readonly tenantSubdomain?: string
  readonly signal?: AbortSignal
  /** Default: `readTimeoutMs` of the client. */
  readonly timeoutMs?: number
}

/** How requests for the system of an on-premise destination reach the proxy. */
export interface ProxyOfDestination {
  readonly host: string
  readonly port: number
  readonly url: string
  /** `Proxy-Authorization` and the location ID; fetched for each use, since tokens expire. */
  headers(signal?: AbortSignal): Promise<Readonly<Record<string, string>>>
}

export interface ClientStatistics {
  readonly destinations: CacheStatistics
  readonly tokens: CacheStatistics
  /** Calls of services that were sent once more. */
  readonly repetitions: number
  readonly circuits: Readonly<Record<string, CircuitPhase>>
}

/** Reads the bindings and opens a client. One per application is enough; close it at the end. */
export function openClient(options: ClientOptions = {}): LandbridgeClient {
  return new LandbridgeClient(options)
}

/** Finds destinations and calls what stands behind them. Bindings are read at once, and checked when they are used. */
export class LandbridgeClient implements Closeable, AsyncDisposable {
  readonly bindings: Bindings
  readonly #options: ClientOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #http: ServiceHttp
  readonly #tokens: TokenClient
  readonly #fetch: DestinationFetch
  readonly #agents: Set<HttpAgent>
  readonly #users: UserContext
  #finder: DestinationFinder | undefined
  #proxy: ConnectivityProxy | undefined
  #headers: AuthenticationHeaderProvider | undefined

  /** @throws PlatformError CLIENT_BINDING_INVALID */
  constructor(options: ClientOptions = {}) {
    this.#options = options
    this.bindings = options.bindings ?? readBindings(options)
    this.#clock = options.clock ?? waitingClock
    this.#log = options.log ?? silentLog
    this.#agents = new Set()
    this.#users = new UserContext()
    const { ca, random } = options
    const shared = {
      clock: this.#clock,
      log: this.#log,
      connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
      retry: { ...defaultRetryPolicy, ...options.retry },
      ...(random === undefined ? {} : { random }),
    }
    this.#http = new ServiceHttp({
      ...shared,
      readTimeoutMs: this.#readTimeoutMs,
      circuit: { ...defaultCircuitPolicy, ...options.circuit },
      ...(ca === undefined ? {} : { ca }),
    })
    const { limit } = this.#cachePolicy
    this.#tokens = new TokenClient({ http: this.#http, clock: this.#clock, log: this.#log, limit })
    this.#fetch = new DestinationFetch({
      ...shared,
      proxy: () => this.proxy,
      headers: { headers: (destination, signal) => this.headerProvider.headers(destination, signal) },
    })
  }

  /** The proxies of the connectivity binding. @throws PlatformError CLIENT_BINDING_MISSING, CLIENT_BINDING_INVALID */
  get proxy(): ConnectivityProxy {
    this.#proxy ??= new ConnectivityProxy(this.#binding('connectivity'), this.#tokens)
    return this.#proxy
  }

  /** Headers for an HTTP client of your own. */
  get headerProvider(): AuthenticationHeaderProvider {
    this.#headers ??= new AuthenticationHeaderProvider(this.#destinations, () => this.proxy)
    return this.#headers
  }

  /** What happened so far: for the metrics of the application. */
  get statistics(): ClientStatistics {
    const none = { hits: 0, misses: 0, stale: 0 }
    return {
      destinations: this.#finder?.statistics ?? none,
      tokens: this.#tokens.statistics,
      repetitions: this.#http.repetitions,
      circuits: this.circuits,
    }
  }

  /** Phase of the circuit of each service that was called. */
  get circuits(): Readonly<Record<string, CircuitPhase>> {
    return this.#http.circuits
  }

  /**
   * Finds a destination: from the cache, else from the destination service, with repetitions and a circuit breaker. The
   * instance (or subscription) level is preferred to the subaccount.
   * @throws PlatformError CLIENT_DESTINATION_NOT_FOUND, CLIENT_DESTINATION_REFUSED, CLIENT_TOKEN_REFUSED,
   * CLIENT_CREDENTIALS_REFUSED, CLIENT_BINDING_*, CLIENT_SERVICE_*, CLIENT_CIRCUIT_OPEN; the signal's reason
   */
  async findDestination(name: string, options: FindOptions & { signal?: AbortSignal } = {}): Promise<Destination> {
    const { signal, ...find } = options
    return this.#destinations.find(name, this.#forUser(find), signal)
  }

  /**
   * All destinations of a level, as they are stored, secrets included. Not cached.
   * @throws PlatformError as findDestination; RangeError for a page size that is not from 1 to 1,000
   */
  async listDestinations(options: ListOptions & { signal?: AbortSignal } = {}): Promise<readonly ListedDestination[]> {
    const { signal, ...list } = options
    return this.#destinations.list(list, signal)
  }

  /**
   * Runs work for a user: destinations that it finds by name are those for that user, as if `userToken` were given. Holds
   * for everything that the work starts, and for nothing else.
   * @param userToken undefined for work without a user inside of work for one
   */
  runAsUser<T>(userToken: string | undefined, work: () => T): T {
    return this.#users.run(userToken, work)
  }

  /** Forgets a destination that was found under these options. */
  forgetDestination(name: string, options: FindOptions = {}): void {
    this.#destinations.drop(name, this.#forUser(options))
  }

  /** The headers with which the target of a destination knows who calls. */
  authenticationHeaders(destination: Destination, signal?: AbortSignal): Promise<readonly AuthenticationHeader[]> {
    return this.headerProvider.headers(destination, signal)
  }

  /** The proxy for a destination; undefined where requests go directly. */
  proxyFor(destination: Destination): ProxyOfDestination | undefined {
    if (!destination.isOnPremise) return undefined
    const { proxy } = this
    const { host, httpPort: port, httpUrl: url } = proxy
    return { host, port, url, headers: (signal) => proxy.headers(routeOf(destination), signal) }
  }

  /** An agent for node:http that leads to the virtual hosts of a Cloud Connector. Closed with the client. */
  httpAgent(route: Route = {}, options?: AgentOptions): HttpAgent {
    const agent = new ProxyAgent(this.proxy, route, options)
    this.#agents.add(agent)
    return agent
  }

  /** A dispatcher for undici that leads to the virtual hosts of a Cloud Connector. Not usable after close. */
  dispatcher(route: Route = {}): Dispatcher {
    return this.#fetch.dispatcher(route)
  }

  /**
   * Calls a path below the URL of a destination, with its authentication, through the proxy it needs. Answers are
   * returned whatever their status; redirects are not followed unless `redirect` says so.
   * @throws PlatformError as findDestination and authenticationHeaders; CLIENT_SERVICE_UNREACHABLE, CLIENT_SERVICE_TIMEOUT
   */
  async fetch(destination: Destination | string, path: string, options: CallOptions = {}): Promise<Response> {
    const { signal } = options
    const found =
      typeof destination === 'string'
        ? await this.findDestination(destination, signal === undefined ? {} : { signal })
        : destination
    return this.#fetch.call(found, path, options)
  }

  /**
   * Opens a TCP connection to a virtual host through the SOCKS5 proxy. The socket is paused and belongs to the caller.
   * @throws PlatformError CLIENT_HOST_NOT_EXPOSED, CONNECTOR_NOT_CONNECTED, BACKEND_UNREACHABLE,
   * CLIENT_PROXY_TOKEN_REFUSED, CLIENT_PROXY_FAILED, CLIENT_SERVICE_*; RangeError for a host, port or location that does
   * not fit into the protocol; the signal's reason
   */
  async connectSocks5(options: SocksOptions): Promise<Socket> {
    const { tenant, tenantSubdomain, signal, timeoutMs = this.#readTimeoutMs, ...target } = options
    const { proxy } = this
    const route = tenant === undefined ? {} : { tenant }
    const token = await proxy.token(tenantSubdomain === undefined ? route : { tenantSubdomain }, signal)
    return openSocks5({
      proxy: { host: proxy.host, port: proxy.socksPort },
      token,
      target,
      timeoutMs,
      clock: this.#clock,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /**
   * Opens the way to the ABAP gateway of an RFC destination, through the RFC port of the proxy. What follows on the
   * socket is the classic RFC protocol; the socket is paused and belongs to the caller.
   * @throws RfcError (106) for an unknown destination, (102) with the text of the Cloud Connector for what fails on the way
   */
  connectRfc(destination: string, options: RfcConnectOptions = {}): Promise<Socket> {
    return openRfc(this, this.#clock, destination, { timeoutMs: this.#readTimeoutMs, ...options })
  }

  /**
   * Listens on a port of this machine and forwards every connection to an RFC destination, for clients of the classic
   * RFC protocol. @param port 33NN, where NN is the system number that they use. The caller closes it.
   */
  forwardRfc(destination: string, port: number): Promise<RfcForwarder> {
    return startRfcForwarder({ open: (signal) => this.connectRfc(destination, { signal }), port, log: this.#log })
  }

  /** Ends all connections except SOCKS5 sockets, and forgets tokens and destinations. */
  async close(): Promise<void> {
    for (const agent of this.#agents) agent.destroy()
    this.#agents.clear()
    this.#tokens.clear()
    this.#finder?.clear()
    await closeAll([this.#http, this.#fetch])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #destinations(): DestinationFinder {
    if (this.#finder !== undefined) return this.#finder
    const binding = this.#binding('destination')
    this.#finder = new DestinationFinder({
      http: this.#http,
      tokens: this.#tokens,
      client: readOAuthClient(binding),
      uri: requiredText(binding, 'uri'),
      cache: this.#cachePolicy,
      clock: this.#clock,
      log: this.#log,
    })
    return this.#finder
  }

  #forUser(options: FindOptions): FindOptions {
    const { userToken } = this.#users
    return userToken === undefined || options.userToken !== undefined ? options : { ...options, userToken }
  }

  #binding(service: 'destination' | 'connectivity'): Binding {
    const { destinationBinding, connectivityBinding } = this.#options
    const wanted = service === 'destination' ? destinationBinding : connectivityBinding
    return wanted === undefined ? this.bindings.of(service) : this.bindings.get(wanted)
  }

  get #cachePolicy(): CachePolicy {
    return { ...defaultCachePolicy, ...this.#options.cache }
  }

  get #readTimeoutMs(): number {
    return this.#options.readTimeoutMs ?? 30_000
  }
}
