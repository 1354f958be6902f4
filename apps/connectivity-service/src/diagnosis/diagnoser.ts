import { validateHeaderName, validateHeaderValue } from 'node:http'
import { getCACertificates } from 'node:tls'
import {
  type Diagnosis,
  diagnosePresentation,
  diagnoseRefresh,
  type ExactMapping,
  type MappingRepository,
  type ReceiverMapping,
  type TenantCertificate,
  type TenantCertificateStore,
} from '@landbridge/certificates'
import {
  authenticationName,
  type CertificateStore,
  type DestinationStore,
  findCertificate,
  flag,
  type Level,
  type Properties,
  prefixed,
  present,
  readKeyStore,
  subaccountLevel,
} from '@landbridge/destinations'
import { certificateFacts, splitPemChain } from '@landbridge/identity'
import { type Clock, isPlatformError, PlatformError, shellCommand } from '@landbridge/kernel'
import type { Pairing, Registry, RegistryRepository } from '@landbridge/registry'
import { presentCertificate } from './present-certificate.ts'

export interface DiagnoserOptions {
  readonly destinations: Pick<DestinationStore, 'find'>
  readonly keyStores: Pick<CertificateStore, 'find'>
  readonly tenantCertificates: Pick<TenantCertificateStore, 'list' | 'find' | 'privateKey'>
  readonly mappings: Pick<MappingRepository, 'findExact' | 'search'>
  /** Whether a URL leads to this platform, whose mappings can be looked at then. */
  readonly isOwn: (url: URL) => boolean
}

export interface DiagnoserParts extends DiagnoserOptions {
  readonly registry: Registry
  readonly repository: RegistryRepository
  readonly pairing: Pairing
  /** PEM of the platform's authority. */
  readonly ca: string
  readonly clock: Clock
}

export interface DestinationQuestion {
  readonly subaccountId: string
  readonly name: string
  /** Whom the certificate is to stand for at the receiver. */
  readonly user?: string
  /** SHA-256 of the certificate that a receiver outside this platform holds. */
  readonly receiverFingerprint?: string
}

export interface CertificateQuestion {
  readonly subaccountId: string
  readonly name: string
  /** Where the certificate is presented. */
  readonly url: string
  readonly user?: string
  /** SHA-256 of the certificate that a receiver outside this platform holds. */
  readonly receiverFingerprint?: string
}

export interface RefreshQuestion {
  readonly subaccountId: string
  /** SHA-256 fingerprint of the connector's certificate, or its beginning. */
  readonly name: string
  readonly user: string
  readonly password: string
}

interface Sender {
  /** PEM chain, leaf first. */
  readonly certificate: string
  readonly key: string
  readonly url: string
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly user?: string
  readonly predecessors: readonly string[]
  /** PEM of the authorities that the sender trusts; absent: those of the machine and the platform. */
  readonly trusted?: readonly string[]
  readonly trustsAll?: boolean
  readonly receiverFingerprint?: string
}

/** With the certificate that the sender presents, so that it can be uploaded as the remedy says. */
export type ShownDiagnosis = Diagnosis & { readonly senderCertificate?: string }

const timeoutMs = 15_000

/** Connects as a sender would, looks at both sides, and says what is wrong. */
export class Diagnoser {
  readonly #parts: DiagnoserParts

  constructor(parts: DiagnoserParts) {
    this.#parts = parts
  }

  /** @throws PlatformError DIAGNOSIS_SUBJECT_UNKNOWN, DIAGNOSIS_IMPOSSIBLE, or a code of key stores */
  async destination(question: DestinationQuestion): Promise<ShownDiagnosis> {
    const { destinations, keyStores } = this.#parts
    const { subaccountId, name, receiverFingerprint } = question
    const level = subaccountLevel({ subaccountId })
    const stored = await destinations.find(level, name)
    if (stored === undefined) throw new PlatformError('DIAGNOSIS_SUBJECT_UNKNOWN', { name })
    const { properties } = stored
    const isLogon = authenticationName(properties) === 'ClientCertificateAuthentication'
    const prefix = isLogon ? '' : 'tokenService.'
    const location = present(properties, `${prefix}KeyStoreLocation`)
    const address = isLogon ? 'URL' : 'tokenServiceURL'
    const url = urlOf(properties, address)
    if (location === undefined || url?.protocol !== 'https:')
      throw new PlatformError('DIAGNOSIS_IMPOSSIBLE', { name, reason: withoutCertificate(name) })
    const file = await findCertificate(keyStores, level, location)
    if (file === undefined) throw new PlatformError('DIAGNOSIS_SUBJECT_UNKNOWN', { name: location })
    const { identities } = await readKeyStore(file.content, present(properties, `${prefix}KeyStorePassword`))
    const [identity] = identities
    if (identity === undefined)
      throw new PlatformError('DIAGNOSIS_IMPOSSIBLE', { name: location, reason: 'the key store has no key' })
    const trusted = await this.#trustedBy(properties, level)
    const clientId = isLogon ? undefined : present(properties, 'clientId')
    const user = question.user ?? clientId
    return this.#diagnose(subaccountId, {
      certificate: identity.chain.map(String).join(''),
      key: identity.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      url: url.href,
      headers: headersOf(properties, address, name),
      predecessors: [],
      ...(trusted === undefined ? {} : { trusted }),
      trustsAll: flag(properties, 'TrustAll', false),
      ...(receiverFingerprint === undefined ? {} : { receiverFingerprint }),
      ...(user === undefined ? {} : { user }),
      ...(isLogon
        ? {}
        : { form: { grant_type: 'client_credentials', ...(clientId === undefined ? {} : { client_id: clientId }) } }),
    })
  }

  /** @throws PlatformError DIAGNOSIS_SUBJECT_UNKNOWN, DIAGNOSIS_IMPOSSIBLE */
  async certificate(question: CertificateQuestion): Promise<ShownDiagnosis> {
    const { tenantCertificates } = this.#parts
    const { subaccountId, name, url, user, receiverFingerprint } = question
    const all = await tenantCertificates.list({ subaccountId })
    const found =
      all.find((one) => one.name === name && one.state === 'active') ?? all.find((one) => isMeant(one, name))
    if (found === undefined) throw new PlatformError('DIAGNOSIS_SUBJECT_UNKNOWN', { name })
    const key = await tenantCertificates.privateKey(found.id)
    if (key === undefined) throw new PlatformError('DIAGNOSIS_IMPOSSIBLE', { name, reason: 'its key was destroyed' })
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
      throw new PlatformError('DIAGNOSIS_IMPOSSIBLE', { name, reason: 'the URL of the receiver must be an https URL' })
    return this.#diagnose(subaccountId, {
      certificate: found.certificate,
      key: key.reveal(),
      url,
      predecessors: predecessorsOf(found, all),
      ...(receiverFingerprint === undefined ? {} : { receiverFingerprint }),
      ...(user === undefined ? {} : { user }),
      ...(new URL(url).pathname.endsWith('/oauth/token')
        ? { form: { grant_type: 'client_credentials', ...(user === undefined ? {} : { client_id: user }) } }
        : {}),
    })
  }

  /** Tries the user as a refresh would, without issuing anything. @throws PlatformError DIAGNOSIS_SUBJECT_UNKNOWN */
  async refresh({ subaccountId, name, user, password }: RefreshQuestion): Promise<Diagnosis> {
    const { pairing, repository } = this.#parts
    const { connectors } = repository as RegistryRepository & {
      readonly connectors: {
        listCertificates(id: string): Promise<readonly { fingerprint: string; initiatedBy: string }[]>
      }
    }
    const certificate = (await connectors.listCertificates(subaccountId)).find(({ fingerprint }) =>
      fingerprint.startsWith(name.toLowerCase()),
    )
    if (certificate === undefined) throw new PlatformError('DIAGNOSIS_SUBJECT_UNKNOWN', { name })
    const users = [...(await repository.listUsers(subaccountId)), ...(await repository.listUsers(''))]
    const base = {
      subaccountId,
      user,
      registeredUser: certificate.initiatedBy,
      isKnownUser: users.some(({ userName }) => userName.toLowerCase() === user.toLowerCase()),
    }
    try {
      await pairing.authorise({ subaccount: subaccountId, userName: user, password, remoteAddress: 'diagnosis' })
      return diagnoseRefresh({ ...base, status: 200, code: '' })
    } catch (failure) {
      if (!isPlatformError(failure)) throw failure
      const seconds = failure.facts.retryAfterSeconds
      const status =
        failure.code === 'PAIRING_ROLE_MISSING' ? 403 : failure.code === 'PAIRING_ATTEMPTS_EXCEEDED' ? 429 : 401
      const retry = typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}
      return diagnoseRefresh({ ...base, status, code: failure.code, ...retry })
    }
  }

  /** What the destination trusts in place of the machine's authorities. */
  async #trustedBy(properties: Properties, level: Level): Promise<readonly string[] | undefined> {
    const location = present(properties, 'TrustStoreLocation')
    if (location === undefined || location === 'default') return undefined
    const file = await findCertificate(this.#parts.keyStores, level, location)
    if (file === undefined) throw new PlatformError('DIAGNOSIS_SUBJECT_UNKNOWN', { name: location })
    const { trusted } = await readKeyStore(file.content, present(properties, 'TrustStorePassword'))
    return trusted.map(String)
  }

  async #diagnose(subaccountId: string, sender: Sender): Promise<ShownDiagnosis> {
    const { clock, ca, isOwn } = this.#parts
    const { fingerprint, subject, issuer, notBefore, notAfter } = certificateFacts(sender.certificate)
    const presented = { fingerprint, subject, issuer, notBeforeMs: notBefore.getTime(), notAfterMs: notAfter.getTime() }
    const { form, headers = {} } = sender
    const attempt = await presentCertificate({
      url: sender.url,
      certificate: sender.certificate,
      key: sender.key,
      ca: sender.trusted ?? [...getCACertificates('default'), ca],
      trustsAll: sender.trustsAll ?? false,
      headers,
      timeoutMs,
      ...(form === undefined ? {} : { form }),
    })
    const receiver = isOwn(new URL(sender.url))
      ? await this.#receiver(await this.#tenantOf(sender, subaccountId), presented, sender.predecessors)
      : undefined
    const diagnosis = diagnosePresentation({
      nowMs: clock.now(),
      url: sender.url,
      presented,
      predecessors: sender.predecessors,
      attempt,
      ...(sender.receiverFingerprint === undefined ? {} : { receiverFingerprint: sender.receiverFingerprint }),
      ...(sender.user === undefined ? {} : { claimedUser: sender.user }),
      ...(receiver === undefined ? {} : { receiver }),
    })
    return { ...diagnosis, senderCertificate: splitPemChain(sender.certificate)[0] ?? sender.certificate }
  }

  /** The tenant that the request names, as our services read it: header, parameter, host; else the one of the sender. */
  async #tenantOf({ url, headers = {} }: Sender, subaccountId: string): Promise<string> {
    const { hostname, searchParams } = new URL(url)
    const [label] = hostname.split('.')
    const named = (headers['x-zid'] ?? searchParams.get('zid'))?.toLowerCase()
    const all = await this.#parts.registry.listSubaccounts()
    const found = all.find(({ id }) => id === named) ?? all.find(({ subdomain }) => subdomain === label)
    return found?.id ?? subaccountId
  }

  async #receiver(
    subaccountId: string,
    presented: { readonly fingerprint: string; readonly subject: string; readonly issuer: string },
    predecessors: readonly string[],
  ) {
    const { mappings } = this.#parts
    const mapping = await mappings.findExact(subaccountId, presented.fingerprint)
    const others = (await mappings.search(subaccountId, {})).filter((one) => one.kind === 'certificate')
    const similar = others.filter(
      (one) =>
        one.fingerprint !== presented.fingerprint &&
        (predecessors.includes(one.fingerprint) ||
          (one.subject === presented.subject && one.issuer === presented.issuer)),
    )
    return { subaccountId, similar: similar.map(shown), ...(mapping === undefined ? {} : { mapping: shown(mapping) }) }
  }
}

/** Why a destination cannot be diagnosed, and what tries it instead. */
function withoutCertificate(name: string): string {
  const check = shellCommand(['landbridge', 'destination', 'check', name])
  const call = shellCommand(['landbridge', 'call', name, '-v'])
  return `it presents no client certificate over https; "${check}" and "${call}" try its way`
}

/** With the queries that the destination adds to each request. */
function urlOf(properties: Properties, address: string): URL | undefined {
  const text = present(properties, address)
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  for (const [key, value] of prefixed(properties, `${address}.queries.`)) url.searchParams.append(key, value)
  return url
}

/** Headers that the destination adds to each request, in lower case. @throws PlatformError DIAGNOSIS_IMPOSSIBLE */
function headersOf(properties: Properties, address: string, name: string): Readonly<Record<string, string>> {
  const headers = prefixed(properties, `${address}.headers.`).map(([key, value]) => [key.toLowerCase(), value] as const)
  try {
    for (const [key, value] of headers) {
      validateHeaderName(key)
      validateHeaderValue(key, value)
    }
  } catch (cause) {
    const reason = `one of its properties ${address}.headers.* is no valid header`
    throw new PlatformError('DIAGNOSIS_IMPOSSIBLE', { name, reason }, { cause })
  }
  return Object.fromEntries(headers)
}

function isMeant({ fingerprint, id }: TenantCertificate, name: string): boolean {
  return id === name || (/^[0-9a-f]{8,64}$/i.test(name) && fingerprint.startsWith(name.toLowerCase()))
}

function predecessorsOf(certificate: TenantCertificate, all: readonly TenantCertificate[]): readonly string[] {
  const found: string[] = []
  for (let at = certificate.predecessorId; at !== undefined && found.length < all.length; ) {
    const one = all.find(({ id }) => id === at)
    if (one === undefined) break
    found.push(one.fingerprint)
    at = one.predecessorId
  }
  return found
}

function shown({
  id,
  userName,
  createdAtMs,
  fingerprint,
  subject,
  issuer,
  notBeforeMs,
  notAfterMs,
}: ExactMapping): ReceiverMapping {
  return { id, userName, createdAtMs, fingerprint, subject, issuer, notBeforeMs, notAfterMs }
}
