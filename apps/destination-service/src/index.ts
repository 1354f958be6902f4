export type { Administration } from './administration/administration.ts'
export { type DestinationServiceConfig, destinationServiceConfigSchema } from './config.ts'
export {
  type DestinationServiceOptions,
  type RunningDestinationService,
  startDestinationService,
} from './start-destination-service.ts'
export { createTokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts'
export { type RolesOf, roleCollectionsOf } from './user-roles.ts'
