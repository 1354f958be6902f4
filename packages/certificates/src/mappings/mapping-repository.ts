import type {
  CertificateMapping,
  ExactMapping,
  MappingSearch,
  PatternMapping,
  TrustedIssuer,
} from './certificate-mapping.ts'
import type { CommunicationUser } from './communication-user.ts'

/** A pattern with what is needed to apply it. */
export interface ApplicablePattern {
  readonly mapping: PatternMapping
  readonly issuer: TrustedIssuer
  readonly user: CommunicationUser
}

/** Communication users and what is assigned to them. Nothing is remembered: every answer is read when it is asked for. */
export interface MappingRepository {
  /** @throws PlatformError COMMUNICATION_USER_TAKEN, SUBACCOUNT_UNKNOWN */
  insertUser(user: CommunicationUser): Promise<void>
  updateUser(user: CommunicationUser): Promise<void>
  /** By name, without regard to case. */
  findUser(subaccountId: string, name: string): Promise<CommunicationUser | undefined>
  findUserById(id: string): Promise<CommunicationUser | undefined>
  listUsers(subaccountId: string): Promise<readonly CommunicationUser[]>
  /** With everything that is assigned to him. False when there was none. */
  deleteUser(subaccountId: string, name: string): Promise<boolean>

  /** Does nothing when the issuer is trusted already. */
  insertIssuer(issuer: TrustedIssuer): Promise<void>
  findIssuer(fingerprint: string): Promise<TrustedIssuer | undefined>
  listIssuers(): Promise<readonly TrustedIssuer[]>
  /** False when there was none. @throws PlatformError CERTIFICATE_ISSUER_IN_USE */
  deleteIssuer(fingerprint: string): Promise<boolean>

  /** Stores the mapping unless its tenant has one for the fingerprint, and returns the one that the tenant has then. */
  putExact(mapping: ExactMapping): Promise<ExactMapping>
  /** Stores the mapping unless `decide`, given all others of its tenant, throws or returns one of them. */
  putPattern(
    mapping: PatternMapping,
    decide: (others: readonly PatternMapping[]) => PatternMapping | undefined,
  ): Promise<PatternMapping>
  find(subaccountId: string, id: string): Promise<CertificateMapping | undefined>
  search(subaccountId: string, search: MappingSearch): Promise<readonly CertificateMapping[]>
  /** False when there was none. */
  delete(subaccountId: string, id: string): Promise<boolean>

  /** Of all tenants, for the inventory. */
  listExact(): Promise<readonly ExactMapping[]>
  findExact(subaccountId: string, fingerprint: string): Promise<ExactMapping | undefined>
  /** Patterns of a tenant for issuers with this subject. */
  findPatterns(subaccountId: string, issuer: string): Promise<readonly ApplicablePattern[]>
  /** Whether any tenant has assigned this certificate. */
  isAssigned(fingerprint: string): Promise<boolean>
}
