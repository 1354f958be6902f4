import { type Sealer, Secret } from '@landbridge/kernel'
import type {
  Binding,
  ConnectorCertificate,
  ConnectorSession,
  CredentialType,
  LocalUser,
  ServiceInstance,
  ServiceName,
  Subaccount,
  Subscription,
  SubscriptionFailure,
} from '@landbridge/registry'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import type { RegistryTables } from './tables.ts'

// Between rows and the model. Services and credential types were checked before they were written.

export function toSubaccount(row: RegistryTables['subaccount']): Subaccount {
  return { id: row.id, subdomain: row.subdomain, displayName: row.display_name, createdAtMs: row.created_at }
}

export function toInstance(row: RegistryTables['service_instance'], sealer: Sealer): ServiceInstance {
  const { request_digest: digest } = row
  return {
    id: row.id,
    subaccountId: row.subaccount_id,
    service: row.service as ServiceName,
    plan: row.plan,
    name: row.name,
    xsappname: row.xsappname,
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    redirectUris: JSON.parse(row.redirect_uris) as string[],
    supportsX509: row.supports_x509 === 1,
    createdAtMs: row.created_at,
    ...(digest === null ? {} : { requestDigest: sealer.open(digest, sealedColumns.instanceRequest.context(row.id)) }),
  }
}

export function fromInstance(instance: ServiceInstance, sealer: Sealer): RegistryTables['service_instance'] {
  const { requestDigest: digest } = instance
  return {
    id: instance.id,
    subaccount_id: instance.subaccountId,
    service: instance.service,
    plan: instance.plan,
    name: instance.name,
    xsappname: instance.xsappname,
    parameters: JSON.stringify(instance.parameters),
    redirect_uris: JSON.stringify(instance.redirectUris),
    supports_x509: instance.supportsX509 ? 1 : 0,
    created_at: instance.createdAtMs,
    request_digest:
      digest === undefined ? null : sealer.seal(digest, sealedColumns.instanceRequest.context(instance.id)),
  }
}

export function toSubscription(row: RegistryTables['subscription']): Subscription {
  const { dependencies, application_url: url, failure } = row
  return {
    providerSubaccountId: row.provider_subaccount_id,
    xsappname: row.xsappname,
    subscriberSubaccountId: row.subscriber_subaccount_id,
    createdAtMs: row.created_at,
    state: row.state as Subscription['state'],
    ...(dependencies === null ? {} : { dependencies: JSON.parse(dependencies) as string[] }),
    ...(url === null ? {} : { url }),
    ...(failure === null ? {} : { failure: JSON.parse(failure) as SubscriptionFailure }),
  }
}

export function fromSubscription(subscription: Subscription): RegistryTables['subscription'] {
  const { dependencies, url, failure } = subscription
  return {
    provider_subaccount_id: subscription.providerSubaccountId,
    xsappname: subscription.xsappname,
    subscriber_subaccount_id: subscription.subscriberSubaccountId,
    created_at: subscription.createdAtMs,
    state: subscription.state,
    dependencies: dependencies === undefined ? null : JSON.stringify(dependencies),
    application_url: url ?? null,
    failure: failure === undefined ? null : JSON.stringify(failure),
  }
}

export function toBinding(row: RegistryTables['service_binding'], sealer: Sealer): Binding {
  const { client_secret: secret, certificate, private_key: key, certificate_thumbprint: thumbprint } = row
  const { request_digest: digest } = row
  return {
    id: row.id,
    instanceId: row.instance_id,
    name: row.name,
    clientId: row.shared_client_id ?? row.client_id,
    credentialType: row.credential_type as CredentialType,
    createdAtMs: row.created_at,
    ...(secret === null
      ? {}
      : { clientSecret: new Secret(sealer.open(secret, sealedColumns.bindingSecret.context(row.id))) }),
    ...(certificate === null ? {} : { certificate }),
    ...(key === null ? {} : { privateKey: new Secret(sealer.open(key, sealedColumns.bindingKey.context(row.id))) }),
    ...(thumbprint === null ? {} : { certificateThumbprint: thumbprint }),
    ...(digest === null ? {} : { requestDigest: sealer.open(digest, sealedColumns.bindingRequest.context(row.id)) }),
  }
}

export function fromBinding(binding: Binding, sealer: Sealer): RegistryTables['service_binding'] {
  const { id, clientSecret, privateKey, requestDigest: digest } = binding
  const isShared = binding.credentialType === 'instance-secret'
  return {
    id,
    instance_id: binding.instanceId,
    name: binding.name,
    client_id: isShared ? `${binding.clientId}#${id}` : binding.clientId,
    shared_client_id: isShared ? binding.clientId : null,
    credential_type: binding.credentialType,
    client_secret:
      clientSecret === undefined ? null : sealer.seal(clientSecret.reveal(), sealedColumns.bindingSecret.context(id)),
    certificate: binding.certificate ?? null,
    private_key:
      privateKey === undefined ? null : sealer.seal(privateKey.reveal(), sealedColumns.bindingKey.context(id)),
    certificate_thumbprint: binding.certificateThumbprint ?? null,
    created_at: binding.createdAtMs,
    request_digest: digest === undefined ? null : sealer.seal(digest, sealedColumns.bindingRequest.context(id)),
  }
}

export function toLocalUser(row: RegistryTables['local_user']): LocalUser {
  return {
    id: row.id,
    subaccountId: row.subaccount_id,
    userName: row.user_name,
    email: row.email,
    givenName: row.given_name,
    familyName: row.family_name,
    origin: row.origin,
    roleCollections: JSON.parse(row.role_collections) as string[],
    attributes: JSON.parse(row.attributes) as Record<string, string[]>,
    createdAtMs: row.created_at,
  }
}

export function fromLocalUser(
  user: LocalUser,
): Omit<RegistryTables['local_user'], 'password_hash' | 'password_changed_at'> {
  return {
    id: user.id,
    subaccount_id: user.subaccountId,
    user_name: user.userName,
    user_key: user.userName.toLowerCase(),
    email: user.email,
    email_key: user.email.toLowerCase(),
    given_name: user.givenName,
    family_name: user.familyName,
    origin: user.origin,
    role_collections: JSON.stringify(user.roleCollections),
    attributes: JSON.stringify(user.attributes),
    created_at: user.createdAtMs,
  }
}

export function toCertificate(row: RegistryTables['connector_certificate']): ConnectorCertificate {
  return {
    fingerprint: row.fingerprint,
    serial: row.serial,
    subaccountId: row.subaccount_id,
    connectorId: row.connector_id,
    locationId: row.location_id,
    description: row.description,
    initiatedBy: row.initiated_by,
    issuedAtMs: row.issued_at,
    notAfterMs: row.not_after,
    ...(row.chain === null ? {} : { chain: row.chain }),
    ...(row.predecessor === null ? {} : { predecessor: row.predecessor }),
    ...(row.is_renewed_by_connector === 1 ? { isRenewedByConnector: true } : {}),
    ...(row.revoked_at === null ? {} : { revoked: { atMs: row.revoked_at, reason: row.revoke_reason ?? '' } }),
  }
}

export function fromCertificate(certificate: ConnectorCertificate): RegistryTables['connector_certificate'] {
  return {
    fingerprint: certificate.fingerprint,
    serial: certificate.serial,
    subaccount_id: certificate.subaccountId,
    connector_id: certificate.connectorId,
    location_id: certificate.locationId,
    description: certificate.description,
    initiated_by: certificate.initiatedBy,
    issued_at: certificate.issuedAtMs,
    not_after: certificate.notAfterMs,
    revoked_at: certificate.revoked?.atMs ?? null,
    revoke_reason: certificate.revoked?.reason ?? null,
    chain: certificate.chain ?? null,
    predecessor: certificate.predecessor ?? null,
    is_renewed_by_connector: certificate.isRenewedByConnector === true ? 1 : 0,
  }
}

export function toSession(row: RegistryTables['connector_session']): ConnectorSession {
  return {
    sessionId: row.session_id,
    replicaId: row.replica_id,
    subaccountId: row.subaccount_id,
    locationId: row.location_id,
    connectorId: row.connector_id,
    version: row.version,
    description: row.description,
    connectorDescription: row.connector_description,
    haRole: row.ha_role,
    loadSharing: row.load_sharing === 1,
    fingerprint: row.fingerprint,
    serial: row.serial,
    remoteAddress: row.remote_address,
    connectedSinceMs: row.connected_since,
    leaseUntilMs: row.lease_until,
  }
}

export function fromSession(session: ConnectorSession): RegistryTables['connector_session'] {
  return {
    session_id: session.sessionId,
    replica_id: session.replicaId,
    subaccount_id: session.subaccountId,
    location_id: session.locationId,
    connector_id: session.connectorId,
    version: session.version,
    description: session.description,
    connector_description: session.connectorDescription,
    ha_role: session.haRole,
    load_sharing: session.loadSharing ? 1 : 0,
    fingerprint: session.fingerprint,
    serial: session.serial,
    remote_address: session.remoteAddress,
    connected_since: session.connectedSinceMs,
    lease_until: session.leaseUntilMs,
  }
}
