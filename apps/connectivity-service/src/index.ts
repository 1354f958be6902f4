export type { ConnectivityServiceOptions } from './compose.ts'
export { type ConnectivityServiceConfig, connectivityServiceConfigSchema } from './config.ts'
export type { TrustedIdp } from './region/region-routes.ts'
export { type RunningConnectivityService, startConnectivityService } from './start.ts'
