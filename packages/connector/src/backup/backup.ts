import { createHash, randomBytes, scrypt } from 'node:crypto'
import { PlatformError, Sealer, Secret } from '@landbridge/kernel'
import { type ListedSubaccount, listedSubaccounts } from '../configuration/listed-subaccount.ts'
import type { ConnectorConfiguration, ConnectorSettings, TrustedCertificate } from '../configuration/model.ts'
import { fromSealedJson, toSealedJson } from './sealed-json.ts'

/** Layout of the entries; rises when older connectors could not read them. */
const formatVersion = 1
const product = 'landbridge-cloud-connector'
/** OWASP's recommendation for scrypt: a guess costs 128 MiB. */
const cost = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }
const areas = ['settings.json', 'subaccounts.json', 'truststore.json'] as const

/** Entries of an archive by name. */
export type BackupEntries = ReadonlyMap<string, string>

interface Manifest {
  readonly product: string
  readonly format: number
  readonly version: string
  readonly createdAtMs: number
  readonly salt: string
  /** Seals the digest of the other entries: proof of the password and of their integrity. */
  readonly seal: string
}

/**
 * The whole configuration as entries of an archive; secrets are encrypted with the password, everything else is legible
 * (guide L23593).
 */
export async function writeBackup(
  configuration: ConnectorConfiguration,
  password: Secret,
  about: { readonly version: string; readonly nowMs: number },
): Promise<BackupEntries> {
  const salt = randomBytes(16)
  const sealer = await sealerOf(password, salt)
  const { administrator, ...settings } = configuration.settings
  // The hash of a password is worth guessing at: it is a secret as well.
  const sensitive = { ...administrator, passwordHash: new Secret(administrator.passwordHash) }
  const values = [
    { ...settings, administrator: sensitive },
    configuration.subaccounts,
    configuration.trustedCertificates,
  ]
  const entries = new Map(areas.map((name, index) => [name as string, toSealedJson(values[index], sealer, name)]))
  const manifest: Manifest = {
    product,
    format: formatVersion,
    version: about.version,
    createdAtMs: about.nowMs,
    salt: salt.toString('base64url'),
    seal: sealer.seal(digestOf(entries), 'backup'),
  }
  return new Map([['manifest.json', JSON.stringify(manifest, undefined, 2)], ...entries])
}

/**
 * The configuration that an archive holds, checked as a whole.
 * @throws PlatformError REQUEST_INVALID: no backup, damaged, of a newer version, or another password.
 */
export async function readBackup(
  entries: BackupEntries,
  password: Secret,
  version: string,
): Promise<ConnectorConfiguration> {
  const manifest = readManifest(entries)
  if (manifest.format > formatVersion || isNewer(manifest.version, version))
    throw refused('backup', `is of the newer version ${manifest.version}`)
  const sealer = await sealerOf(password, Buffer.from(manifest.salt, 'base64url'))
  let digest: string
  try {
    digest = sealer.open(manifest.seal, 'backup')
  } catch (cause) {
    throw refused('password', 'is not the one of this backup', cause)
  }
  if (digest !== digestOf(entries)) throw refused('backup', 'was changed after it was made')
  try {
    const [settings, subaccounts, certificates] = areas.map((name) =>
      fromSealedJson(entries.get(name) ?? '', sealer, name),
    )
    // The seal proves that this connector's own code wrote them.
    return {
      settings: toSettings(settings as SealedSettings),
      subaccounts: listedSubaccounts(subaccounts as ListedSubaccount[]),
      trustedCertificates: new Map((certificates as TrustedCertificate[]).map((entry) => [entry.alias, entry])),
    }
  } catch (cause) {
    throw refused('backup', 'is damaged', cause)
  }
}

type SealedSettings = Omit<ConnectorSettings, 'administrator'> & {
  readonly administrator: Omit<ConnectorSettings['administrator'], 'passwordHash'> & { readonly passwordHash: Secret }
}

function toSettings({ administrator, ...rest }: SealedSettings): ConnectorSettings {
  return { ...rest, administrator: { ...administrator, passwordHash: administrator.passwordHash.reveal() } }
}

function readManifest(entries: BackupEntries): Manifest {
  let manifest: Partial<Manifest> | null = null
  try {
    manifest = JSON.parse(entries.get('manifest.json') ?? 'null')
  } catch {
    // Told below.
  }
  if (manifest?.product !== product) throw refused('backup', 'is not a backup of this product')
  const { format, version, salt, seal } = manifest
  if (!Number.isInteger(format) || [version, salt, seal].some((text) => typeof text !== 'string'))
    throw refused('backup', 'is damaged')
  return manifest as Manifest
}

function digestOf(entries: BackupEntries): string {
  const hash = createHash('sha256')
  for (const name of areas) hash.update(JSON.stringify([name, entries.get(name) ?? '']))
  return hash.digest('base64url')
}

function sealerOf(password: Secret, salt: Buffer): Promise<Sealer> {
  return new Promise((resolve, reject) => {
    scrypt(password.reveal(), salt, 32, cost, (failure, key) => {
      if (failure === null) resolve(new Sealer(key))
      else reject(failure)
    })
  })
}

/** Compares `major.minor.patch`. */
function isNewer(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

function refused(field: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason: `${field} ${reason}` }, { cause })
}
