import { type AccessTable, compileAccess, type SystemMapping } from '@landbridge/access'
import type { RegionOverride } from '../pairing/region-request.ts'
import { defaultPropagationSettings } from '../propagation/settings.ts'
import type { ConnectorSnapshot, RegionEndpoint, SubaccountRuntime } from '../runtime-port.ts'
import { defaultAuditLevel } from './audit-level.ts'
import type { ConnectorConfiguration, ConnectorSettings, Subaccount } from './model.ts'
import { ownCertificates } from './own-certificates.ts'
import { wayOf } from './recovery-edits.ts'
import { toChannelSpec } from './service-channel.ts'
import { advancedConnectivityOf, connectionsOf } from './tunnel-limits.ts'

/** Tables by the mappings that they were compiled from: a change recompiles the subaccount that it touched, no other. */
const compiled = new WeakMap<ReadonlyMap<string, SystemMapping>, AccessTable>()

/** The compiled access control of a subaccount. */
export function accessOf(subaccount: Subaccount): AccessTable {
  const known = compiled.get(subaccount.mappings)
  if (known !== undefined) return known
  const table = compileAccess([...subaccount.mappings.values()])
  compiled.set(subaccount.mappings, table)
  return table
}

/**
 * What the running side needs to know of a configuration. An override of a region wins over what was stored when the
 * subaccount was paired: the operator may have moved the region since.
 * @param regions overrides by region host, lower case.
 * @param reportsCertificates whether the cloud side learns of the connector's own certificates
 */
export function toSnapshot(
  configuration: ConnectorConfiguration,
  version: string,
  regions: ReadonlyMap<string, RegionOverride> = new Map(),
  reportsCertificates = true,
): ConnectorSnapshot {
  const { settings, trustedCertificates } = configuration
  const bindsClients = advancedConnectivityOf(settings).backendConnections === 'perClientConnection'
  return {
    installationId: settings.installationId,
    version,
    description: settings.description,
    haRole: shownRole(settings),
    ...(settings.httpsProxy === undefined ? {} : { httpsProxy: settings.httpsProxy }),
    trust: {
      trustAllBackends: settings.trustAllBackends,
      certificates: Array.from(trustedCertificates.values(), (certificate) => certificate.pem),
    },
    ...(settings.systemCertificate === undefined ? {} : { systemCertificate: settings.systemCertificate }),
    ...(settings.snc === undefined ? {} : { snc: settings.snc }),
    propagation: {
      ...(settings.kerberos === undefined ? {} : { kerberos: settings.kerberos }),
      settings: settings.propagation ?? defaultPropagationSettings,
      ...(settings.ppCaCertificate === undefined ? {} : { authority: settings.ppCaCertificate }),
      hasSystemCertificate: settings.systemCertificate !== undefined,
    },
    // None rather than nothing: it takes back what was told before.
    ownCertificates: reportsCertificates ? ownCertificates(configuration) : [],
    // A shadow only watches; its master carries the tunnels.
    subaccounts:
      settings.haRole === 'shadow'
        ? []
        : Array.from(configuration.subaccounts.values(), (subaccount) =>
            toRuntime(
              subaccount,
              connectionsOf(configuration, subaccount),
              bindsClients,
              regions.get(wayOf(subaccount).regionHost.toLowerCase()),
            ),
          ),
  }
}

function shownRole({ haRole, haPeer }: ConnectorSettings): string {
  if (haRole === 'undefined') return ''
  return haRole === 'master' && haPeer !== undefined ? 'master with shadow' : haRole
}

function toRuntime(
  subaccount: Subaccount,
  tunnelConnections: number,
  bindsClients: boolean,
  override: RegionOverride | undefined,
): SubaccountRuntime {
  const way = wayOf(subaccount)
  const { subaccountId, regionHost, locationId, description, connected, loadSharing, connectionLimits } = subaccount
  return {
    subaccountId,
    regionHost,
    locationId,
    description,
    connected,
    loadSharing,
    tunnelConnections,
    ...(bindsClients ? { bindsClients } : {}),
    ...(connectionLimits === undefined ? {} : { connectionLimits }),
    endpoint: overridden(way.endpoint, override),
    certificate: way.certificate,
    privateKey: way.privateKey,
    access: accessOf(subaccount),
    auditLevel: subaccount.auditLevel ?? defaultAuditLevel,
    ...(subaccount.trustedApplications === undefined ? {} : { trustedApplications: subaccount.trustedApplications }),
    domainMappings: [...subaccount.domainMappings.values()],
    trustedIssuers: Array.from(subaccount.identityProviders.values())
      .filter((provider) => provider.enabled)
      .map(({ issuer, jwks, rules }) => ({ issuer, jwks, ...(rules === undefined ? {} : { rules }) })),
    channels: Array.from(subaccount.channels.values())
      .filter((channel) => channel.enabled)
      .map(toChannelSpec),
  }
}

function overridden(endpoint: RegionEndpoint, override: RegionOverride = {}): RegionEndpoint {
  const { address, port, ca } = override
  return {
    ...endpoint,
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
    ...(ca === undefined ? {} : { ca }),
  }
}
