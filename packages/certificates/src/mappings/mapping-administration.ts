import { randomUUID } from 'node:crypto'
import { maySignCertificates, writePkcs12 } from '@landbridge/identity'
import { type Clock, PlatformError, type Secret } from '@landbridge/kernel'
import type { KeyAlgorithm } from '../client-certificates/tenant-certificate.ts'
import type {
  CertificateMapping,
  ExactMapping,
  MappingSearch,
  PatternMapping,
  TrustedIssuer,
} from './certificate-mapping.ts'
import { type CommunicationUser, callableServices, checkUserName, type UserInstances } from './communication-user.ts'
import type { MappingRepository } from './mapping-repository.ts'
import { overlap, parseSubjectPattern } from './subject-pattern.ts'
import { readUploadedCertificate, type UploadedCertificate } from './uploaded-certificate.ts'

/** What has to be known of a service instance. */
export interface CallableInstance {
  readonly subaccountId: string
  readonly service: string
}

export interface KeyPairWish {
  readonly algorithm: KeyAlgorithm
  readonly validityDays: number
  /** Protects the file; it is not kept. */
  readonly password: Secret
}

export interface NewKeyPair {
  readonly mapping: ExactMapping
  /** PKCS#12 with key and chain. It exists nowhere else: whoever loses it makes another. */
  readonly file: Buffer
}

export interface MappingAdministrationOptions {
  readonly repository: MappingRepository
  /** Makes a client certificate (chain, leaf first) with a new key; PEM both. */
  readonly issue: (wish: {
    readonly subject: Readonly<Record<string, string>>
    readonly days: number
    readonly algorithm: KeyAlgorithm
  }) => Promise<{ readonly cert: string; readonly key: string }>
  readonly instanceOf: (id: string) => Promise<CallableInstance | undefined>
  readonly clock: Clock
}

/** Which client certificates stand for which communication users: what an administrator may do, and its rules. */
export class MappingAdministration {
  readonly #options: MappingAdministrationOptions

  constructor(options: MappingAdministrationOptions) {
    this.#options = options
  }

  get #repository(): MappingRepository {
    return this.#options.repository
  }

  /** @throws PlatformError COMMUNICATION_USER_INVALID, COMMUNICATION_USER_TAKEN, SUBACCOUNT_UNKNOWN */
  async createUser(
    subaccountId: string,
    wanted: { readonly name: string; readonly description?: string; readonly instances?: UserInstances },
  ): Promise<CommunicationUser> {
    const user: CommunicationUser = {
      id: randomUUID(),
      subaccountId,
      name: checkUserName(wanted.name),
      description: wanted.description ?? '',
      instances: await this.#checkInstances(subaccountId, wanted.instances ?? {}),
      createdAtMs: this.#options.clock.now(),
    }
    await this.#repository.insertUser(user)
    return user
  }

  /** @throws PlatformError COMMUNICATION_USER_UNKNOWN, COMMUNICATION_USER_INVALID */
  async changeUser(
    subaccountId: string,
    name: string,
    change: { readonly description?: string; readonly instances?: UserInstances },
  ): Promise<CommunicationUser> {
    const user = await this.user(subaccountId, name)
    const changed = {
      ...user,
      description: change.description ?? user.description,
      instances:
        change.instances === undefined ? user.instances : await this.#checkInstances(subaccountId, change.instances),
    }
    await this.#repository.updateUser(changed)
    return changed
  }

  /** @throws PlatformError COMMUNICATION_USER_UNKNOWN */
  async user(subaccountId: string, name: string): Promise<CommunicationUser> {
    const user = await this.#repository.findUser(subaccountId, name)
    if (user === undefined) throw unknownUser(name)
    return user
  }

  listUsers(subaccountId: string): Promise<readonly CommunicationUser[]> {
    return this.#repository.listUsers(subaccountId)
  }

  /** @throws PlatformError COMMUNICATION_USER_UNKNOWN */
  async deleteUser(subaccountId: string, name: string): Promise<void> {
    if (!(await this.#repository.deleteUser(subaccountId, name))) throw unknownUser(name)
  }

  /**
   * Assigns a certificate to a user; again to the same user changes nothing.
   * @throws PlatformError COMMUNICATION_USER_UNKNOWN, CERTIFICATE_INVALID, PRIVATE_KEY_UNWANTED, CERTIFICATE_ASSIGNED
   */
  async assign(subaccountId: string, userName: string, certificate: string): Promise<Stored<ExactMapping>> {
    const user = await this.user(subaccountId, userName)
    const wanted = this.#exactMapping(user, readUploadedCertificate(certificate))
    const stored = await this.#repository.putExact(wanted)
    if (stored.userId !== user.id) throw assignedTo(stored.userName)
    return { mapping: stored, isNew: stored.id === wanted.id }
  }

  /**
   * Makes a key pair for a user, assigns its certificate to him and hands both out. The key is not kept.
   * @throws PlatformError COMMUNICATION_USER_UNKNOWN
   */
  async createKeyPair(subaccountId: string, userName: string, wish: KeyPairWish): Promise<NewKeyPair> {
    const user = await this.user(subaccountId, userName)
    const { cert, key } = await this.#options.issue({
      subject: { CN: user.name, OU: subaccountId, O: 'Landbridge' },
      days: wish.validityDays,
      algorithm: wish.algorithm,
    })
    const file = await writePkcs12({ chain: cert, key, alias: user.name, password: wish.password })
    const mapping = await this.#repository.putExact(this.#exactMapping(user, readUploadedCertificate(cert)))
    return { mapping, file }
  }

  /**
   * Assigns all certificates of a trusted issuer whose subject fits a pattern; again to the same user changes nothing.
   * @throws PlatformError COMMUNICATION_USER_UNKNOWN, CERTIFICATE_ISSUER_UNKNOWN, SUBJECT_PATTERN_INVALID,
   *   CERTIFICATE_PATTERN_AMBIGUOUS when some certificate would fit a pattern of another user as well
   */
  async assignPattern(
    subaccountId: string,
    userName: string,
    given: { readonly subjectPattern: string; readonly issuerFingerprint: string },
  ): Promise<Stored<PatternMapping>> {
    const user = await this.user(subaccountId, userName)
    const pattern = parseSubjectPattern(given.subjectPattern)
    const issuer = await this.#repository.findIssuer(given.issuerFingerprint)
    if (issuer === undefined)
      throw new PlatformError('CERTIFICATE_ISSUER_UNKNOWN', { fingerprint: given.issuerFingerprint })
    const wanted: PatternMapping = {
      kind: 'pattern',
      ...this.#owner(user),
      subject: given.subjectPattern,
      issuer: issuer.subject,
      issuerFingerprint: issuer.fingerprint,
    }
    const stored = await this.#repository.putPattern(wanted, (others) => {
      // By name: an authority may be trusted twice, with two certificates for one key.
      const near = others.filter((other) => other.issuer === wanted.issuer)
      for (const other of near) {
        const isForeign = other.userId !== user.id && overlap(pattern, parseSubjectPattern(other.subject))
        if (isForeign)
          throw new PlatformError('CERTIFICATE_PATTERN_AMBIGUOUS', { pattern: other.subject, user: other.userName })
      }
      return near.find(
        ({ subject, issuerFingerprint }) => subject === wanted.subject && issuerFingerprint === issuer.fingerprint,
      )
    })
    return { mapping: stored, isNew: stored.id === wanted.id }
  }

  /** @throws PlatformError CERTIFICATE_MAPPING_UNKNOWN */
  async mapping(subaccountId: string, id: string): Promise<CertificateMapping> {
    const mapping = await this.#repository.find(subaccountId, id)
    if (mapping === undefined) throw new PlatformError('CERTIFICATE_MAPPING_UNKNOWN', { mappingId: id })
    return mapping
  }

  /** @throws PlatformError REQUEST_INVALID for a fingerprint that is none */
  async search(subaccountId: string, search: MappingSearch): Promise<readonly CertificateMapping[]> {
    const { fingerprint, ...rest } = search
    if (fingerprint === undefined) return this.#repository.search(subaccountId, rest)
    return this.#repository.search(subaccountId, { ...rest, fingerprint: readFingerprint(fingerprint) })
  }

  /** @throws PlatformError CERTIFICATE_MAPPING_UNKNOWN */
  async remove(subaccountId: string, id: string): Promise<void> {
    if (!(await this.#repository.delete(subaccountId, id)))
      throw new PlatformError('CERTIFICATE_MAPPING_UNKNOWN', { mappingId: id })
  }

  /** Trusts an authority to name its subjects rightly. @throws PlatformError CERTIFICATE_INVALID, CERTIFICATE_ISSUER_INVALID */
  async trustIssuer(certificate: string): Promise<TrustedIssuer> {
    const { pem, facts } = readUploadedCertificate(certificate)
    if (!facts.isAuthority || !maySignCertificates(pem))
      throw new PlatformError('CERTIFICATE_ISSUER_INVALID', { subject: facts.subject })
    const issuer: TrustedIssuer = {
      fingerprint: facts.fingerprint,
      certificate: pem,
      subject: facts.subject,
      notBeforeMs: facts.notBefore.getTime(),
      notAfterMs: facts.notAfter.getTime(),
      createdAtMs: this.#options.clock.now(),
    }
    await this.#repository.insertIssuer(issuer)
    return (await this.#repository.findIssuer(issuer.fingerprint)) ?? issuer
  }

  listIssuers(): Promise<readonly TrustedIssuer[]> {
    return this.#repository.listIssuers()
  }

  /** @throws PlatformError CERTIFICATE_ISSUER_UNKNOWN, CERTIFICATE_ISSUER_IN_USE */
  async distrustIssuer(fingerprint: string): Promise<void> {
    if (!(await this.#repository.deleteIssuer(readFingerprint(fingerprint))))
      throw new PlatformError('CERTIFICATE_ISSUER_UNKNOWN', { fingerprint })
  }

  #owner(user: CommunicationUser) {
    return {
      id: randomUUID(),
      subaccountId: user.subaccountId,
      userId: user.id,
      userName: user.name,
      createdAtMs: this.#options.clock.now(),
    }
  }

  #exactMapping(user: CommunicationUser, { pem, facts }: UploadedCertificate): ExactMapping {
    return {
      kind: 'certificate',
      ...this.#owner(user),
      fingerprint: facts.fingerprint,
      certificate: pem,
      subject: facts.subject,
      issuer: facts.issuer,
      serialNumber: facts.serialNumber,
      notBeforeMs: facts.notBefore.getTime(),
      notAfterMs: facts.notAfter.getTime(),
    }
  }

  /** An instance of another tenant would hand its destinations to this one. */
  async #checkInstances(subaccountId: string, given: UserInstances): Promise<UserInstances> {
    for (const service of callableServices) {
      const id = given[service]
      if (id === undefined) continue
      const instance = await this.#options.instanceOf(id)
      if (instance?.subaccountId !== subaccountId || instance.service !== service)
        throw new PlatformError('COMMUNICATION_USER_INVALID', {
          field: `instances.${service}`,
          reason: `must be the ID of a ${service} instance of this subaccount`,
        })
    }
    return given
  }
}

/** What an assignment left, and whether it was there before. */
export interface Stored<M extends CertificateMapping> {
  readonly mapping: M
  readonly isNew: boolean
}

function assignedTo(user: string): PlatformError {
  return new PlatformError('CERTIFICATE_ASSIGNED', {
    detail: `The Certificate is already assigned to user ${user}`,
    user,
  })
}

function unknownUser(name: string): PlatformError {
  return new PlatformError('COMMUNICATION_USER_UNKNOWN', { user: name.slice(0, 64) })
}

/** Tools print fingerprints with colons and in capitals. */
function readFingerprint(given: string): string {
  const hex = given.replaceAll(/[:\s]/g, '').toLowerCase()
  if (!/^[0-9a-f]{1,64}$/.test(hex))
    throw new PlatformError('REQUEST_INVALID', {
      field: 'fingerprint',
      reason: 'must be hexadecimal digits of a SHA-256 fingerprint',
    })
  return hex
}
