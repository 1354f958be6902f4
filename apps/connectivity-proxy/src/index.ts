export type { PairedInstance } from './access-policies.ts'
export { type ConnectivityProxyConfig, connectivityProxyConfigSchema } from './config.ts'
export { configProblems } from './config-rules.ts'
export { startHealth } from './health.ts'
export { MergedMetrics } from './metrics/merged-metrics.ts'
export type { MetricsSnapshot } from './metrics/proxy-metrics.ts'
export { isIssuerOf, readServiceKey, type ServiceKey } from './service-key.ts'
export {
  type ConnectivityProxyOptions,
  type RunningConnectivityProxy,
  startConnectivityProxy,
} from './start-connectivity-proxy.ts'
export { reservePorts } from './workers/reserve-ports.ts'
export {
  clusterPort,
  type SharedPorts,
  type WorkerPlace,
  workerConfig,
  workerProblems,
} from './workers/worker-config.ts'
