export { type ConnectivityServiceConfig, connectivityServiceConfigSchema } from './config.ts'
export type { TrustedIdp } from './region/region-routes.ts'
export {
  type ConnectivityServiceOptions,
  type RunningConnectivityService,
  startConnectivityService,
} from './start.ts'
