import type { User } from '@landbridge/identity'
import type { Transaction } from '@landbridge/kernel'
import type { CertificateReportStore } from './connectors/certificate-reports.ts'
import type { ConnectorAbout } from './connectors/connector-hello.ts'
import type { ClaimDecision, ConnectorSession } from './connectors/connector-session.ts'
import type { ConnectorCertificate, RevocationTarget } from './pairing/connector-certificate.ts'
import type { Binding } from './services/binding.ts'
import type { ServiceInstance } from './services/service-instance.ts'
import type { Subaccount } from './subaccounts/subaccount.ts'
import type { Subscription } from './subscriptions/subscription.ts'
import type { LocalUser } from './users/local-user.ts'
import type { RoleCollection } from './users/role-collections.ts'

/** Tenants, what they use, and who may act in them. Finders answer undefined; writers throw the named codes. */
export interface RegistryRepository {
  listSubaccounts(): Promise<readonly Subaccount[]>
  findSubaccount(id: string): Promise<Subaccount | undefined>
  /** @throws PlatformError SUBACCOUNT_TAKEN */
  insertSubaccount(subaccount: Subaccount): Promise<void>
  /** Removes it with its instances, bindings, users and role collections. False when there was none. */
  deleteSubaccount(id: string): Promise<boolean>

  /** Numbers that never come twice on this platform, also over replicas. */
  nextSequence(): Promise<number>
  listInstances(subaccountId: string): Promise<readonly ServiceInstance[]>
  findInstance(id: string): Promise<ServiceInstance | undefined>
  /** @throws PlatformError INSTANCE_NAME_TAKEN */
  insertInstance(instance: ServiceInstance): Promise<void>
  updateInstance(instance: ServiceInstance): Promise<void>
  deleteInstance(id: string): Promise<boolean>
  /** The instance that tokens know by this xsappname. */
  findInstanceByName(xsappname: string): Promise<ServiceInstance | undefined>

  listBindings(instanceId: string): Promise<readonly Binding[]>
  findBinding(id: string): Promise<Binding | undefined>
  /** @throws PlatformError BINDING_NAME_TAKEN */
  insertBinding(binding: Binding): Promise<void>
  deleteBinding(id: string): Promise<boolean>

  listSubscriptions(subscriberSubaccountId: string): Promise<readonly Subscription[]>
  findSubscription(subscriberSubaccountId: string, xsappname: string): Promise<Subscription | undefined>
  /** Creates or replaces; a subscriber and an application have one at most. */
  putSubscription(subscription: Subscription): Promise<void>
  deleteSubscription(subscriberSubaccountId: string, xsappname: string): Promise<boolean>

  /** Users of one subaccount; the empty ID means those of the platform. */
  listUsers(subaccountId: string): Promise<readonly LocalUser[]>
  findLocalUser(id: string): Promise<LocalUser | undefined>
  /** @throws PlatformError USER_NAME_TAKEN */
  insertUser(user: LocalUser, password: string): Promise<void>
  updateUser(user: LocalUser): Promise<void>
  setPassword(userId: string, password: string): Promise<void>
  /** When the password was last set anew, in milliseconds since 1970; undefined when it is still the first one. */
  passwordChangedAtMs(userId: string): Promise<number | undefined>
  deleteUser(id: string): Promise<boolean>
  /** A user of the subaccount, else of the platform, by user name or e-mail address; undefined if unknown or wrong. */
  authenticate(userName: string, password: string, subaccountId: string): Promise<User | undefined>

  /** Custom role collections of the subaccount and of the platform. */
  listRoleCollections(subaccountId: string): Promise<readonly RoleCollection[]>
  /** Creates or replaces. */
  putRoleCollection(collection: RoleCollection): Promise<void>
}

/** Certificates of connectors and their live sessions. */
export interface ConnectorRepository extends CertificateReportStore {
  /**
   * @param alongWith what else belongs into the transaction; it gets the certificate that the connector had until now,
   *   which becomes the predecessor
   */
  insertCertificate(
    certificate: ConnectorCertificate,
    alongWith?: (former: ConnectorCertificate | undefined, within: Transaction) => Promise<void>,
  ): Promise<void>
  findCertificate(fingerprint: string): Promise<ConnectorCertificate | undefined>
  listCertificates(subaccountId: string): Promise<readonly ConnectorCertificate[]>
  /** Those of all subaccounts that have not been over for long. */
  listAllCertificates(endedAfterMs: number): Promise<readonly ConnectorCertificate[]>
  /** Fingerprints of revoked certificates that have not expired. */
  listRevoked(nowMs: number): Promise<readonly { fingerprint: string; subaccountId: string }[]>
  /** Revokes what is not revoked yet and returns it. */
  revokeCertificates(
    target: RevocationTarget,
    reason: string,
    nowMs: number,
  ): Promise<readonly { fingerprint: string; subaccountId: string }[]>

  /** Decides and stores in one transaction, so that two replicas cannot both say yes. */
  claimSession(candidate: ConnectorSession, nowMs: number): Promise<ClaimDecision>
  /** Extends the leases of a replica's sessions and returns the IDs of those that still exist. */
  renewSessions(replicaId: string, leaseUntilMs: number): Promise<readonly string[]>
  /** Harmless for a session that is gone. */
  updateSession(sessionId: string, about: ConnectorAbout): Promise<void>
  /** False when the session was gone already. */
  removeSession(sessionId: string): Promise<boolean>
  /** Removes sessions whose lease ran out, and returns those that this call removed. */
  removeExpiredSessions(nowMs: number): Promise<readonly ConnectorSession[]>
  /**
   * Removes sessions of other replicas that are known to be gone. Embedded storage has one process: all of them. On a
   * database server nobody can tell a replica that was killed from one that is cut off, and leases have to run out.
   */
  removeFormerSessions(replicaId: string): Promise<readonly ConnectorSession[]>
  /** Sessions whose lease runs; of one subaccount and location where given. */
  listSessions(
    nowMs: number,
    place?: { subaccountId: string; locationId?: string },
  ): Promise<readonly ConnectorSession[]>
}
