export { type TransparentProxyConfig, transparentProxyConfigSchema } from './config.ts'
export type { Entry } from './entries/entry.ts'
export {
  type RunningTransparentProxy,
  startTransparentProxy,
  type TransparentProxyOptions,
} from './start-transparent-proxy.ts'
