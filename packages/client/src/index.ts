export { describeError, type ErrorCode, isPlatformError, PlatformError } from '@landbridge/kernel'
export { type AuthenticationHeader, headersOf } from './authentication/authentication-headers.ts'
export { AuthenticationHeaderProvider } from './authentication/header-provider.ts'
export type { Binding, Credentials } from './bindings/binding.ts'
export { Bindings } from './bindings/bindings.ts'
export type { NeededService } from './bindings/instance-variables.ts'
export { type BindingSources, parseVcapServices, readBindings } from './bindings/read-bindings.ts'
export {
  type ClientOptions,
  type ClientStatistics,
  LandbridgeClient,
  openClient,
  type ProxyOfDestination,
  type SocksOptions,
} from './client.ts'
export { type AuthToken, Destination, type StoredCertificate } from './destination/destination.ts'
export type { CachePolicy } from './destination/destination-finder.ts'
export type { FindOptions } from './destination/find-options.ts'
export { type KeyStore, tlsOptionsOf } from './destination/key-store.ts'
export type { ListedDestination, ListOptions } from './destination/list-destinations.ts'
export { type CallOptions, routeOf } from './fetch/destination-fetch.ts'
export { ConnectivityProxy, type Route } from './proxy/connectivity-proxy.ts'
export { ProxyAgent } from './proxy/proxy-agent.ts'
export { ProxyDispatcher } from './proxy/proxy-dispatcher.ts'
export { CircuitBreaker, type CircuitPolicy, defaultCircuitPolicy, type Permit } from './resilience/circuit-breaker.ts'
export {
  advanceCircuit,
  type CircuitEvent,
  type CircuitPhase,
  nextCircuitPhase,
} from './resilience/circuit-phase.ts'
export { type CacheOptions, type CacheStatistics, ExpiringCache, type Loaded } from './resilience/expiring-cache.ts'
export { defaultRetryPolicy, type RetryPolicy, retryDelayMs } from './resilience/retry.ts'
export type { RfcConnectOptions } from './rfc/open-rfc.ts'
export { RfcError, type RfcErrorKey } from './rfc/rfc-error.ts'
export type { RfcForwarder } from './rfc/rfc-forwarder.ts'
export { type RfcRoute, rfcRouteOf } from './rfc/rfc-route.ts'
export { openSocks5, type Socks5Target } from './socks/connect-socks5.ts'
