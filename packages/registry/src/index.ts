export { brokerCatalog, planByName } from './broker/catalog.ts'
export { type BindRequest, type Outcome, type ProvisionRequest, ServiceBroker } from './broker/service-broker.ts'
export type {
  ConnectorEvent,
  ConnectorPlace,
  MessageBus,
} from './connectors/bus-message.ts'
export type {
  CertificateReport,
  ReportedCertificate,
} from './connectors/certificate-report.ts'
export type { CertificateReportStore } from './connectors/certificate-reports.ts'
export { channelRefusals, type OfferedService } from './connectors/channel-request.ts'
export {
  type ConnectorAbout,
  type ConnectorHello,
  connectorIdOf,
  parseConnectorHello,
} from './connectors/connector-hello.ts'
export { ConnectorHub, type ConnectorHubOptions, type ControlLink } from './connectors/connector-hub.ts'
export { type ClaimDecision, type ConnectorSession, decideClaim } from './connectors/connector-session.ts'
export { type IssuedClient, type PlatformEndpoints, tokenServiceUrl } from './credentials/endpoints.ts'
export {
  type BindingFiles,
  renderFlatSecret,
  renderSecretMount,
  renderServiceBinding,
} from './credentials/render-binding-files.ts'
export { type BoundService, type Credentials, renderCredentials } from './credentials/render-credentials.ts'
export { renderVcapServices, type VcapEntry } from './credentials/render-vcap-services.ts'
export { AttemptLimiter, type AttemptLimits } from './pairing/attempt-limiter.ts'
export {
  assertCertificateGood,
  type ConnectorCertificate,
  type RevocationTarget,
} from './pairing/connector-certificate.ts'
export { parseLocationId } from './pairing/location-id.ts'
export { Pairing, type PairingAttempt, type PairingOptions } from './pairing/pairing.ts'
export {
  type PairingCode,
  type PairingCodes,
  passcodeUser,
  writePairingCode,
} from './pairing/pairing-codes.ts'
export {
  type BindingCertificateIssuer,
  type ContentRemoval,
  type InitDataSink,
  Registry,
  type RegistryOptions,
} from './registry.ts'
export type { ConnectorRepository, RegistryRepository } from './repository.ts'
export type { Binding, CredentialType } from './services/binding.ts'
export { type InstanceParameters, type ServiceInstance, servesAllSubaccounts } from './services/service-instance.ts'
export { type ServiceName, servicePlans } from './services/service-plan.ts'
export { parseSubaccountId, type Subaccount } from './subaccounts/subaccount.ts'
export { type CallbackAnswer, callbackFailed } from './subscriptions/callback-answers.ts'
export type { Subscription, SubscriptionFailure, SubscriptionState } from './subscriptions/subscription.ts'
export {
  type ApplicationCallback,
  type CallApplication,
  type Subscribed,
  Subscriptions,
  type SubscriptionsOptions,
} from './subscriptions/subscriptions.ts'
export { TenantAccess, type TenantAccessOptions } from './subscriptions/tenant-access.ts'
export { ticketDigest } from './tunnels/ticket-digest.ts'
export { TunnelBroker, type TunnelBrokerOptions } from './tunnels/tunnel-broker.ts'
export type { ChosenConnector, TunnelAttempt, TunnelRequest } from './tunnels/tunnel-request.ts'
export type { LocalUser } from './users/local-user.ts'
export {
  builtInRoleCollections,
  keyUserRoles,
  type RoleCollection,
  rolesOf,
} from './users/role-collections.ts'
export { type NewUser, UserAdministration } from './users/user-administration.ts'
