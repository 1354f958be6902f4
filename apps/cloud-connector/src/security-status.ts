import { X509Certificate } from 'node:crypto'
import { type ConnectorConfiguration, overviewOf, type Subaccount, type TunnelStatus } from '@landbridge/connector'
import { assessmentOf } from './cipher-table.ts'

/** One topic of security; `remedy` says what to do where there is a risk, `link` the address of the settings. */
export interface SecurityRow {
  readonly topic: string
  readonly status: 'ok' | 'risk'
  readonly finding: string
  readonly remedy: string
  /** Below the address of the connector. */
  readonly link: string
}

export interface SecurityStatus {
  readonly general: readonly SecurityRow[]
  readonly subaccounts: readonly (SecurityRow & {
    readonly regionHost: string
    readonly subaccount: string
    readonly displayName: string
  })[]
}

export interface SecurityFacts {
  readonly configuration: ConnectorConfiguration
  readonly cipherSuites: readonly string[]
  readonly nowMs: number
  readonly tunnelOf: (subaccount: Subaccount) => TunnelStatus
}

const dayMs = 86_400_000
const api = '/api/v1/configuration'

/** A reminder (guide L18447): general rows and one per subaccount. It changes nothing and keeps nobody from anything. */
export function securityStatus(facts: SecurityFacts): SecurityStatus {
  return {
    general: generalTopics.map(([topic, link, look]) => row(topic, link, look(facts))),
    subaccounts: Array.from(facts.configuration.subaccounts.values(), (subaccount) => ({
      regionHost: subaccount.regionHost,
      subaccount: subaccount.subaccountId,
      displayName: subaccount.displayName || subaccount.subaccountId,
      ...subaccountRow(subaccount, facts),
    })),
  }
}

/** What was found; the remedy is '' where nothing is to be done. */
type Finding = readonly [finding: string, remedy: string]

const generalTopics: readonly (readonly [topic: string, link: string, look: (facts: SecurityFacts) => Finding])[] = [
  ['administrator', `${api}/connector/authentication`, administrator],
  ['authentication', `${api}/connector/authentication`, authentication],
  ['uiCertificate', `${api}/connector/ui/uiCertificate`, uiCertificate],
  ['cipherSuites', '/api/v1/landbridge/cipherSuites', cipherSuites],
  ['truststore', `${api}/connector/onPremise/truststore`, truststore],
  ['auditLog', `${api}/connector/auditLogLevel`, auditLog],
  ['highAvailability', `${api}/connector/haRole`, highAvailability],
]

function row(topic: string, link: string, [finding, remedy]: Finding): SecurityRow {
  return { topic, status: remedy === '' ? 'ok' : 'risk', finding, remedy, link }
}

function administrator({ configuration }: SecurityFacts): Finding {
  return configuration.settings.administrator.hasInitialPassword
    ? ['The initial password of the administrator is in use.', 'Change it: everybody knows it.']
    : ['The administrator has an own password.', '']
}

function authentication({ configuration }: SecurityFacts): Finding {
  return configuration.settings.ldap === undefined
    ? ['One local user administers this connector.', 'Use LDAP, so that each administrator has an own user and roles.']
    : ['Users come from an LDAP directory.', '']
}

function uiCertificate({ configuration, nowMs }: SecurityFacts): Finding {
  const { uiCertificate: ui } = configuration.settings
  if (ui?.isInstalled !== true)
    return ['The administration port has a certificate of its own making.', 'Install one of your own authority.']
  const days = Math.floor((new X509Certificate(ui.cert).validToDate.getTime() - nowMs) / dayMs)
  return days < 30
    ? [`The certificate of the administration port ends in ${days} days.`, 'Install a new one.']
    : ['The administration port has a certificate of your choice.', '']
}

function cipherSuites({ cipherSuites: enabled }: SecurityFacts): Finding {
  const weak = enabled.filter((name) => assessmentOf(name) === 'weak')
  return weak.length === 0
    ? ['No weak cipher suite is enabled.', '']
    : [`Weak cipher suites are enabled: ${weak.join(', ')}.`, 'Disable them and restart the administration.']
}

function truststore({ configuration }: SecurityFacts): Finding {
  const { settings, trustedCertificates } = configuration
  if (settings.trustAllBackends)
    return ['Every certificate of an internal system is believed.', 'Upload the authorities of your systems instead.']
  return trustedCertificates.size === 0
    ? ['The trust store is empty: no internal system is believed over TLS.', '']
    : [`Internal systems are believed by ${trustedCertificates.size} authorities.`, '']
}

function auditLog({ configuration }: SecurityFacts): Finding {
  return configuration.settings.auditLevel === 'Off'
    ? ['Changes of the connector as a whole are not audited.', 'Set the audit level to Security or All.']
    : ['Changes of the connector as a whole are audited.', '']
}

function highAvailability({ configuration }: SecurityFacts): Finding {
  return configuration.settings.haPeer === undefined
    ? ['There is no second connector to take over.', 'Connect a shadow where an outage matters.']
    : ['A second connector can take over.', '']
}

function subaccountRow(subaccount: Subaccount, { tunnelOf, nowMs }: SecurityFacts): SecurityRow {
  const { regionHost, subaccountId } = subaccount
  const link = `${api}/subaccounts/${encodeURIComponent(regionHost)}/${encodeURIComponent(subaccountId)}`
  const { subaccountCertificate } = overviewOf(subaccount, tunnelOf(subaccount), { proxy: undefined, nowMs })
  const findings: Finding[] = []
  if (subaccount.auditLevel === 'Off')
    findings.push(['Access is not audited.', 'Set the audit level of the subaccount to Security or All.'])
  if (subaccountCertificate.status !== 'green')
    findings.push([`The certificate ${subaccountCertificate.cause}.`, 'Refresh the certificate of the subaccount.'])
  const open = Array.from(subaccount.mappings.values()).filter(({ resources }) => resources.some(isEverything))
  for (const { virtualHost, virtualPort } of open.slice(0, 5))
    findings.push([
      `Everything of ${virtualHost}:${virtualPort} is exposed.`,
      'Name the paths that applications need instead of "/" with all sub-paths.',
    ])
  if (findings.length === 0) return row('subaccount', link, ['Nothing was found.', ''])
  return row('subaccount', link, [
    findings.map(([found]) => found).join(' '),
    findings.map(([, remedy]) => remedy).join(' '),
  ])
}

function isEverything({
  id,
  enabled,
  exactMatchOnly,
}: {
  id: string
  enabled: boolean
  exactMatchOnly: boolean
}): boolean {
  return enabled && !exactMatchOnly && id === '/'
}
