export { type ConnectivityProxyConfig, connectivityProxyConfigSchema } from './config.ts'
export {
  type ConnectivityProxyOptions,
  type RunningConnectivityProxy,
  startConnectivityProxy,
} from './start-connectivity-proxy.ts'
