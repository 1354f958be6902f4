import type { ConnectorConfiguration, ConnectorSettings } from './model.ts'

/**
 * What each instance of a pair has for itself: its users, the certificate and ciphers of its administration port, its
 * library for SNC, and its place in the pair (guide L28826-28853). Whatever is not named here is the same on both.
 */
const own: ReadonlySet<string> = new Set<keyof ConnectorSettings>([
  'administrator',
  'ldap',
  'uiCertificate',
  'uiCertificateRequest',
  'cipherSuites',
  'snc',
  'haRole',
  'haShadow',
  'haPeer',
  'haTerm',
])

/** Whether a setting of the master counts for its shadow, too. */
export function isReplicated(setting: string): boolean {
  return !own.has(setting)
}

/** Whether two versions are the same for the other instance. Versions share what they have in common. */
export function sameReplica(before: ConnectorConfiguration, after: ConnectorConfiguration): boolean {
  if (before.subaccounts !== after.subaccounts || before.trustedCertificates !== after.trustedCertificates) return false
  if (before.settings === after.settings) return true
  const names = new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])
  for (const name of names) {
    if (!isReplicated(name)) continue
    const key = name as keyof ConnectorSettings
    // The path of an agent differs from host to host; whether reporting is on does not (guide L27239).
    if (key === 'solutionManagement') {
      if (isReporting(before) !== isReporting(after)) return false
    } else if (before.settings[key] !== after.settings[key]) return false
  }
  return true
}

function isReporting({ settings }: ConnectorConfiguration): boolean {
  return settings.solutionManagement?.isEnabled ?? false
}
