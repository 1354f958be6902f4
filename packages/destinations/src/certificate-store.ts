import type { Removal } from './destination-store.ts'
import type { Level } from './level.ts'

/** A certificate or key store of a level. Its bytes are opaque here: PEM, DER, PKCS#12 or JKS, told by the name's ending. */
export interface StoredCertificate {
  readonly level: Level
  /** With its ending, for example `client.p12`; unique per level, compared byte by byte. */
  readonly name: string
  readonly content: Buffer
  /** 64 hexadecimal digits, another value after every write. */
  readonly etag: string
  readonly modifiedAtMs: number
}

/** Keeps certificates and key stores. Each write is one transaction. */
export interface CertificateStore {
  /** All certificates of a level, by name. */
  list(level: Level): Promise<readonly StoredCertificate[]>
  find(level: Level, name: string): Promise<StoredCertificate | undefined>
  /** @throws PlatformError when the level has this name. */
  create(level: Level, name: string, content: Buffer): Promise<StoredCertificate>
  /** Replaces the content; undefined when the level has no such name. */
  replace(level: Level, name: string, content: Buffer): Promise<StoredCertificate | undefined>
  /** `usedBy` names the destination that refers to it. */
  remove(level: Level, name: string): Promise<Removal>
}
