export { withTrustedApplications } from './application-edits.ts'
export { type AuditLevel, auditLevels, defaultAuditLevel, isAudited } from './audit-level.ts'
export { addChannel, channelOf, nextChannelId, removeChannel, removeChannels, withChannel } from './channel-edits.ts'
export { addRegion, type CustomRegion, removeRegion, replaceRegion } from './custom-regions.ts'
export { longestDescription } from './description.ts'
export {
  addDomainMapping,
  domainMappingOf,
  removeDomainMapping,
  replaceDomainMapping,
} from './domain-mapping-edits.ts'
export {
  defaultShadowSettings,
  firstTerm,
  type HaPeer,
  type HaTerm,
  type MasterSettings,
  type ShadowSettings,
} from './high-availability-settings.ts'
export type { LdapHost, LdapSettings } from './ldap.ts'
export {
  addMapping,
  addResource,
  changeResources,
  checkDraft,
  mappingOf,
  type ResourceChange,
  removeMapping,
  removeResource,
  replaceMapping,
  replaceResource,
  resourceOf,
  withMapping,
} from './mapping-edits.ts'
export { type Imported, importMappings, type MappingImportOptions } from './mapping-import.ts'
export type { MergeReport } from './merge-report.ts'
export {
  type Administrator,
  type ConnectorConfiguration,
  type ConnectorSettings,
  type HaRole,
  type IdentityProvider,
  mappingKey,
  type OnPremiseCertificate,
  type PendingRequest,
  type RecoverySubaccount,
  type SolutionManagement,
  type Subaccount,
  type SubaccountProperties,
  subaccountKey,
  type TrustedCertificate,
  type UiCertificate,
} from './model.ts'
export { type OwnCertificate, ownCertificates } from './own-certificates.ts'
export { isTaken, recoveryOf, wayOf } from './recovery-edits.ts'
export { isReplicated, sameReplica } from './replicated-part.ts'
export {
  distinctClients,
  distinctUsers,
  opensToAllClients,
  requireRfc,
  withoutClient,
  withoutUsers,
} from './rfc-list-edits.ts'
export {
  defineScenario,
  importScenario,
  removeScenario,
  type Scenario,
  type ScenarioKind,
  scenarioKinds,
  scenariosOf,
} from './scenario-edits.ts'
export {
  type ChannelTarget,
  type ChannelType,
  channelTypes,
  portOfInstance,
  type ServiceChannel,
  toChannelSpec,
} from './service-channel.ts'
export { accessOf, toSnapshot } from './snapshot.ts'
export { type QualityOfProtection, qualitiesOfProtection, type SncSettings, sncFindings } from './snc.ts'
export type { Adoption, AuditCategory, AuditEntry, AuditEvent, Change, ConfigurationStore } from './store-port.ts'
export { addSubaccount, removeSubaccount, subaccountOf, withSubaccount } from './subaccount-edits.ts'
export { importSubaccount, type SubaccountContent, type SubaccountImport } from './subaccount-import.ts'
export {
  type AdvancedConnectivity,
  advancedConnectivityOf,
  type BackendConnectionMode,
  backendConnectionModes,
  type ConnectionLimit,
  defaultAdvancedConnectivity,
  maxTunnelConnections,
} from './tunnel-limits.ts'
