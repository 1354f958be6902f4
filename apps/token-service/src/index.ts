export { type TokenServiceConfig, tokenServiceConfigSchema } from './config.ts'
export type { TenantPermission } from './service.ts'
export { type RunningTokenService, startTokenService, type TokenServiceOptions } from './start.ts'
