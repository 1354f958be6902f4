import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { ConfigurationStore, UiCertificate } from '@landbridge/connector'
import { LocalCa } from '@landbridge/identity'
import { type Clock, Secret } from '@landbridge/kernel'

const lifetimeDays = 825
const renewBeforeMs = 30 * 86_400_000

/** The certificate of the administration port: the stored one, or a new one on the first start and before it expires. */
export async function uiCertificate(
  store: ConfigurationStore,
  clock: Clock,
  dnsNames: readonly string[],
): Promise<UiCertificate> {
  const stored = store.current.settings.uiCertificate
  if (stored?.isInstalled) return stored
  if (stored !== undefined && new X509Certificate(stored.cert).validToDate.getTime() - clock.now() > renewBeforeMs)
    return stored
  // The authority exists only for this moment: the chain tells clients what to trust, and nobody can issue more.
  const authority = await LocalCa.create({ subject: { CN: 'Landbridge Cloud Connector', O: 'Landbridge' }, clock })
  const names = dnsNames.length === 0 ? ['localhost'] : dnsNames
  const { cert, key } = await authority.issueServer({
    dnsNames: names.filter((name) => isIP(name) === 0),
    ipAddresses: [...names.filter((name) => isIP(name) !== 0), '127.0.0.1', '::1'],
    days: lifetimeDays,
  })
  const made = { cert, key: new Secret(key) }
  await store.change('system', (current) => ({
    next: { ...current, settings: { ...current.settings, uiCertificate: made } },
    audit: { category: 'Configuration', action: 'update', object: 'uiCertificate' },
    result: undefined,
  }))
  return made
}
