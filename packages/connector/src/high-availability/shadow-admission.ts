import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { MasterState } from './master-duty.ts'
import { type PairOptions, type PeerStatus, stateRefusal } from './pair-options.ts'

/** What a shadow asks for on its first connection. */
export interface Registration extends PeerStatus {
  readonly protocol: number
  /** PEM; the caller has proven to have its key. */
  readonly certificate: string
}

/** @param known what is known of the same shadow from before. */
export function registeredShadow(wanted: Registration, known: HaPeer | undefined, remoteAddress: string): HaPeer {
  return {
    certificate: wanted.certificate,
    host: wanted.host ?? known?.host ?? remoteAddress,
    port: wanted.port ?? 0,
    checkIntervalMs: wanted.checkIntervalMs ?? 30_000,
    takeoverDelayMs: wanted.takeoverDelayMs ?? 10_000,
    isJoined: true,
    version: wanted.version,
  }
}

/** @throws PlatformError CONNECTOR_HA_STATE unless shadows may come from an address (guide L28753). */
export async function admitShadow(
  { store, resolve }: PairOptions,
  state: MasterState,
  remoteAddress: string,
): Promise<void> {
  const { haMaster } = store.current.settings
  if (haMaster?.haEnabled !== true) throw stateRefusal(state, 'high availability is not enabled on the master')
  const { allowedShadowHost } = haMaster
  if (allowedShadowHost === '') return
  // Where the connection comes from counts, not what its other end says.
  const addresses = await resolve(allowedShadowHost)
  if (!addresses.includes(remoteAddress))
    throw stateRefusal(state, `the master does not allow a shadow on ${remoteAddress}`)
}

/** Keeps what the shadow says about itself. */
export async function rememberShadow({ store }: PairOptions, haPeer: HaPeer, told: PeerStatus): Promise<void> {
  const peer: HaPeer = {
    ...haPeer,
    host: told.host ?? haPeer.host,
    port: told.port ?? haPeer.port,
    checkIntervalMs: told.checkIntervalMs ?? haPeer.checkIntervalMs,
    takeoverDelayMs: told.takeoverDelayMs ?? haPeer.takeoverDelayMs,
    version: told.version,
  }
  if (JSON.stringify(peer) === JSON.stringify(haPeer)) return
  await store.adopt('shadow', (current) => ({
    next: { ...current, settings: { ...current.settings, haPeer: peer } },
  }))
}
