import { createHash, X509Certificate } from 'node:crypto'
import { type CertificateRecord, type CertificateSource, readRecord } from '@landbridge/certificates'
import {
  type DestinationStore,
  present,
  readKeyStore,
  recogniseCertificate,
  type StoredCertificate,
} from '@landbridge/destinations'
import { readPkcs12Certificates } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import type { SqlCertificateStore } from '@landbridge/store'

/** Locations with the property that holds the password of what they name. */
const passwordOf = {
  KeyStoreLocation: 'KeyStorePassword',
  TrustStoreLocation: 'TrustStorePassword',
  'tokenService.KeyStoreLocation': 'tokenService.KeyStorePassword',
} as const

/**
 * Certificates and key stores of the destination service. What a password protects is opened with those of the
 * destinations of its level that name it; what none of them opens is left out.
 */
export function destinationSource(
  certificates: Pick<SqlCertificateStore, 'all'>,
  destinations: Pick<DestinationStore, 'list'>,
): CertificateSource {
  /** By entity tag, which changes with every write: opening a key store is slow on purpose. */
  let opened: ReadonlyMap<string, CertificateRecord> = new Map()
  /** The same for those that did not open, with a digest of the passwords that were tried. */
  let closed: ReadonlyMap<string, string> = new Map()
  return {
    name: 'destination',
    async list() {
      const records = new Map<string, CertificateRecord>()
      const failed = new Map<string, string>()
      for (const stored of await certificates.all()) {
        const { etag } = stored
        const known = opened.get(etag) ?? (closed.has(etag) ? undefined : await destinationRecord(stored))
        const passwords = known === undefined ? await passwordsFor(stored, destinations) : []
        const tried = createHash('sha256').update(JSON.stringify(passwords)).digest('hex')
        const isHopeless = known === undefined && closed.get(etag) === tried
        const record = known ?? (isHopeless ? undefined : recordOf(stored, await protectedChain(stored, passwords)))
        if (record === undefined) failed.set(etag, tried)
        else records.set(etag, record)
      }
      opened = records
      closed = failed
      return [...records.values()]
    },
  }
}

/** Undefined where nobody can tell what is in it without a password of a destination. */
export async function destinationRecord(stored: StoredCertificate): Promise<CertificateRecord | undefined> {
  return recordOf(stored, await chainOf(stored))
}

function recordOf({ level, name, generation }: StoredCertificate, chain: string): CertificateRecord | undefined {
  if (chain === '') return undefined
  return readRecord(chain, {
    kind: 'destination',
    name,
    owner: {
      subaccountId: level.subaccountId,
      ...(level.instanceId === '' ? {} : { instanceId: level.instanceId }),
    },
    renewer: generation?.automaticRenew === true ? 'platform' : 'user',
  })
}

/** PEM, the leaf first; empty when it cannot be read. */
async function chainOf({ name, content, generation }: StoredCertificate): Promise<string> {
  try {
    const { format, certificates } = recogniseCertificate(name, content)
    if (format !== 'PKCS12') return certificates.map(String).join('')
    const found = await readPkcs12Certificates(content, new Secret(generation?.password ?? ''))
    return (found ?? []).map(({ der }) => new X509Certificate(der).toString()).join('')
  } catch {
    return ''
  }
}

async function protectedChain({ content }: StoredCertificate, passwords: readonly string[]): Promise<string> {
  for (const password of passwords) {
    try {
      const { identities, trusted } = await readKeyStore(content, password)
      return (identities[0]?.chain ?? trusted).map(String).join('')
    } catch {
      // Another destination may know better.
    }
  }
  return ''
}

async function passwordsFor(
  { level, name }: StoredCertificate,
  destinations: Pick<DestinationStore, 'list'>,
): Promise<readonly string[]> {
  const passwords = new Set<string>()
  for (const { properties } of await destinations.list(level))
    for (const [location, key] of Object.entries(passwordOf)) {
      const password = present(properties, key)
      if (present(properties, location) === name && password !== undefined) passwords.add(password)
    }
  return [...passwords].sort()
}
