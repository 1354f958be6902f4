import type { Removal } from './destination-store.ts'
import type { Label, LabelStore } from './labels.ts'
import type { Level } from './level.ts'

/** A certificate or key store of a level. Its bytes are opaque here: PEM, DER, PKCS#12 or JKS, told by the name's ending. */
export interface StoredCertificate {
  readonly level: Level
  /** With its ending, for example `client.p12`; unique per level, compared byte by byte. */
  readonly name: string
  readonly content: Buffer
  /** The `Type` that the caller wrote, if any. */
  readonly type?: string
  /** How the service made it; absent when it was uploaded. */
  readonly generation?: CertificateGeneration
  readonly labels?: readonly Label[]
  /** 64 hexadecimal digits, another value after every write. */
  readonly etag: string
  readonly modifiedAtMs: number
}

/** What a generated certificate was made from, and is renewed with. */
export interface CertificateGeneration {
  readonly commonName: string
  readonly validity: CertificateValidity
  readonly automaticRenew: boolean
  /** Protects the private key (PEM) or the store (PKCS#12). */
  readonly password?: string
  /** PEM of the request whose key is certified; then the service holds no private key. */
  readonly csr?: string
}

export interface CertificateValidity {
  readonly unit: 'DAYS' | 'MONTHS' | 'YEARS'
  readonly value: number
}

/** What is known of a certificate besides its bytes. */
export interface CertificateFactsToKeep {
  readonly type?: string
  readonly generation?: CertificateGeneration
  /** When the service renews it, in milliseconds since 1970. */
  readonly renewAtMs?: number
  /** End of the validity of its first certificate, where it can be read without a password. */
  readonly expiresAtMs?: number
}

/** Keeps certificates and key stores. Each write is one transaction. */
export interface CertificateStore {
  /** All certificates of a level, by name. */
  list(level: Level): Promise<readonly StoredCertificate[]>
  find(level: Level, name: string): Promise<StoredCertificate | undefined>
  /** @throws PlatformError DESTINATION_DUPLICATE when the level has this name. */
  create(level: Level, name: string, content: Buffer, facts?: CertificateFactsToKeep): Promise<StoredCertificate>
  /** Replaces content and facts; undefined when the level has no such name. */
  replace(
    level: Level,
    name: string,
    content: Buffer,
    facts?: CertificateFactsToKeep,
  ): Promise<StoredCertificate | undefined>
  /** `usedBy` names the destination that refers to it. */
  remove(level: Level, name: string): Promise<Removal>
}

/** The whole of what the certificate endpoints and the renewal need. */
export interface ManagedCertificateStore extends CertificateStore, LabelStore {
  /** Removes those that exist, as one transaction; returns their names. */
  removeAll(level: Level, names: readonly string[]): Promise<ReadonlySet<string>>
  /** Certificates of all levels whose time of renewal has come. */
  dueForRenewal(nowMs: number): Promise<readonly StoredCertificate[]>
  /** Certificates of all levels that nobody renews and that end in a span of time (after `fromMs`, until `toMs`). */
  ending(fromMs: number, toMs: number): Promise<readonly { level: Level; name: string; expiresAtMs: number }[]>
  /** Puts the renewed content in place unless somebody wrote the certificate meanwhile; false then. */
  renew(certificate: StoredCertificate, content: Buffer, facts: CertificateFactsToKeep): Promise<boolean>
}
