import { defaultShadowSettings, firstTerm, type HaPeer } from '../configuration/high-availability-settings.ts'
import type { ConnectorConfiguration, ConnectorSettings, HaRole } from '../configuration/model.ts'
import { isReplicated } from '../configuration/replicated-part.ts'
import type { AuditEvent } from '../configuration/store-port.ts'

/** A shadow that has become master. Its former master may come back as its shadow. */
export function formerShadow(configuration: ConnectorConfiguration, termOfOther: number): ConnectorConfiguration {
  const { settings } = configuration
  const { haPeer, haMaster } = settings
  const number = Math.max((settings.haTerm ?? firstTerm).number, termOfOther) + 1
  // Where only one host was allowed as shadow, it is now that of the former master.
  const allowedShadowHost = haMaster === undefined || haMaster.allowedShadowHost === '' ? '' : (haPeer?.host ?? '')
  return {
    ...configuration,
    settings: {
      ...settings,
      haRole: 'master',
      haTerm: { number, isHandedOver: false },
      haMaster: { haEnabled: true, allowedShadowHost },
    },
  }
}

/** A master that has become the shadow of its former shadow. */
export function formerMaster(
  configuration: ConnectorConfiguration,
  haPeer: HaPeer,
  isHandedOver: boolean,
): ConnectorConfiguration {
  const { settings } = configuration
  const { number } = settings.haTerm ?? firstTerm
  const haShadow = {
    ...defaultShadowSettings,
    checkIntervalInSeconds: Math.round(haPeer.checkIntervalMs / 1_000),
    takeoverDelayInSeconds: Math.round(haPeer.takeoverDelayMs / 1_000),
    ...settings.haShadow,
    masterHost: haPeer.host,
    masterPort: String(haPeer.port),
  }
  return {
    ...configuration,
    settings: {
      ...settings,
      haRole: 'shadow',
      haTerm: { number, isHandedOver },
      haShadow,
      haPeer: { ...haPeer, isJoined: true },
    },
  }
}

/** A shadow without anything of its master; an identity of its own, because that one belongs to the master. */
export function withoutPair({ settings }: ConnectorConfiguration, installationId: string): ConnectorConfiguration {
  const own = Object.entries(settings).filter(
    ([name]) => !isReplicated(name) && name !== 'haShadow' && name !== 'haPeer' && name !== 'haTerm',
  )
  const solutionManagement = settings.solutionManagement
  return {
    settings: {
      // `isReplicated` splits the settings: these are the ones that a new installation has as well.
      ...(Object.fromEntries(own) as unknown as ConnectorSettings),
      installationId,
      description: '',
      trustAllBackends: false,
      ...(solutionManagement === undefined ? {} : { solutionManagement: { ...solutionManagement, isEnabled: false } }),
      // Numbers of channels are never used again, whoever used them.
      ...(settings.lastChannelId === undefined ? {} : { lastChannelId: settings.lastChannelId }),
    },
    subaccounts: new Map(),
    trustedCertificates: new Map(),
  }
}

export function roleChange(role: HaRole, reason: string): AuditEvent {
  return { category: 'Configuration', action: 'update', object: 'haRole', details: { role, reason } }
}
