export type { PairedInstance } from './access-policies.ts'
export { type ConnectivityProxyConfig, connectivityProxyConfigSchema } from './config.ts'
export { isIssuerOf, readServiceKey, type ServiceKey } from './service-key.ts'
export {
  type ConnectivityProxyOptions,
  type RunningConnectivityProxy,
  startConnectivityProxy,
} from './start-connectivity-proxy.ts'
