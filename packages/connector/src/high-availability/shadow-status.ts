import { defaultShadowSettings, type ShadowSettings } from '../configuration/high-availability-settings.ts'
import { ownStanding, type PairOptions, type PeerStatus } from './pair-options.ts'

export function shadowSettings({ store }: PairOptions): ShadowSettings {
  return store.current.settings.haShadow ?? defaultShadowSettings
}

/** What a shadow tells its master about itself. */
export function shadowStatus(options: PairOptions): PeerStatus {
  const { role, term } = ownStanding(options.store.current)
  const { ownHost, checkIntervalInSeconds, takeoverDelayInSeconds } = shadowSettings(options)
  return {
    role,
    term,
    version: options.version,
    port: options.ownPort(),
    checkIntervalMs: checkIntervalInSeconds * 1_000,
    takeoverDelayMs: takeoverDelayInSeconds * 1_000,
    ...(ownHost === '' ? {} : { host: ownHost }),
  }
}

/** What the other instance says about its refusal, for states and messages. */
export function refusalText(status: number, { message }: Readonly<Record<string, unknown>>): string {
  if (status === 401)
    return 'the master does not accept the certificate of this instance: connect with user and password'
  return typeof message === 'string' ? `the master says: ${message.slice(0, 500)}` : `the master answered ${status}`
}
