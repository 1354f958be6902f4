import { type ListedSubaccount, listedSubaccounts } from '../configuration/listed-subaccount.ts'
import type { ConnectorConfiguration, ConnectorSettings, TrustedCertificate } from '../configuration/model.ts'
import { isReplicated } from '../configuration/replicated-part.ts'
import { fromReplicaJson, toReplicaJson } from './replica-json.ts'
import { shareUnchanged } from './share-unchanged.ts'

/** What a shadow gets: everything but what each instance has for itself. */
export interface Replica {
  readonly settings: Partial<ConnectorSettings>
  readonly subaccounts: readonly ListedSubaccount[]
  readonly trustedCertificates: readonly TrustedCertificate[]
}

/** Rises when older instances could not read what newer ones send. */
export const replicationProtocol = 1

export function encodeReplica({ settings, subaccounts, trustedCertificates }: ConnectorConfiguration): unknown {
  return toReplicaJson({ settings: replicatedSettings(settings), subaccounts, trustedCertificates })
}

/** @throws TypeError when it is no replica. The sender has proven to be the master; this guards against its faults. */
export function decodeReplica(json: unknown): Replica {
  const { settings, subaccounts, trustedCertificates } = (fromReplicaJson(json) ?? {}) as Partial<Replica>
  const isWhole =
    typeof settings === 'object' &&
    typeof settings.installationId === 'string' &&
    Array.isArray(subaccounts) &&
    Array.isArray(trustedCertificates)
  if (!isWhole) throw new TypeError('not a replica of a configuration')
  return { settings, subaccounts, trustedCertificates }
}

/** The configuration of a shadow once it has taken over a replica: what is its own stays. */
export function withReplica(current: ConnectorConfiguration, replica: Replica): ConnectorConfiguration {
  const own = Object.fromEntries(Object.entries(current.settings).filter(([name]) => !isReplicated(name)))
  const { solutionManagement } = current.settings
  const reporting = replica.settings.solutionManagement
  const settings = {
    ...replicatedSettings(replica.settings),
    ...own,
    ...(solutionManagement === undefined && reporting === undefined
      ? {}
      : {
          solutionManagement: {
            ...{ hostAgentPath: '', dsrEnabled: false },
            ...solutionManagement,
            isEnabled: reporting?.isEnabled ?? false,
          },
        }),
  } as ConnectorSettings
  return {
    settings: shareUnchanged(current.settings, settings),
    subaccounts: shareUnchanged(current.subaccounts, listedSubaccounts(replica.subaccounts)),
    trustedCertificates: shareUnchanged(
      current.trustedCertificates,
      new Map(replica.trustedCertificates.map((certificate) => [certificate.alias, certificate])),
    ),
  }
}

function replicatedSettings(settings: Partial<ConnectorSettings>): Partial<ConnectorSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => isReplicated(name)))
}
