import type { ConnectorSettings } from '@landbridge/connector'
import { type Sealer, Secret } from '@landbridge/kernel'
import { sealedColumns } from '../sealed/sealed-columns.ts'

type SettingRow = { name: string; value: string }

/** Which settings are sealed as a whole: they hold passwords or keys. */
const sealedSettings: ReadonlySet<string> = new Set([
  'httpsProxy',
  'ldap',
  'uiCertificate',
  'uiCertificateRequest',
  'systemCertificate',
  'systemCertificateRequest',
  'ppCaCertificate',
  'ppCaCertificateRequest',
  'kerberos',
])

/** Settings that may have a password. */
const settingsWithPassword = ['httpsProxy', 'ldap']

/** Settings that have a private key. */
const settingsWithKey = [
  'uiCertificate',
  'uiCertificateRequest',
  'systemCertificate',
  'systemCertificateRequest',
  'ppCaCertificate',
  'ppCaCertificateRequest',
  'kerberos',
]

/** One row per setting that is present. */
export function settingRows(settings: ConnectorSettings, sealer: Sealer): SettingRow[] {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      // A secret that is not sealed is not written: it stays redacted.
      if (!sealedSettings.has(name)) return { name, value: JSON.stringify(value) }
      return { name, value: sealer.seal(JSON.stringify(revealed(value)), sealedColumns.connectorSetting.context(name)) }
    })
}

/** Settings from their rows; what is missing is taken from `initial`. */
export function readSettings(
  rows: readonly SettingRow[],
  sealer: Sealer,
  initial: ConnectorSettings,
): ConnectorSettings {
  const values = Object.fromEntries(
    rows.map(({ name, value }) => [
      name,
      JSON.parse(sealedSettings.has(name) ? sealer.open(value, sealedColumns.connectorSetting.context(name)) : value),
    ]),
  )
  for (const name of settingsWithKey)
    if (values[name] !== undefined) values[name] = { ...values[name], key: new Secret(values[name].key) }
  for (const name of settingsWithPassword)
    if (values[name]?.password !== undefined)
      values[name] = { ...values[name], password: new Secret(values[name].password) }
  return { ...initial, ...values }
}

/** A plain copy in which secrets are text: for sealing only. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealed(member)]))
}
