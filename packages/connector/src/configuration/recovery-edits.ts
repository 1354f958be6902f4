import { PlatformError } from '@landbridge/kernel'
import {
  type ConnectorConfiguration,
  type RecoverySubaccount,
  type Subaccount,
  subaccountKey,
  type WayToCloud,
} from './model.ts'
import { removeSubaccount, subaccountOf, withSubaccount } from './subaccount-edits.ts'

/** The region that a subaccount uses now: its own, or that of its recovery subaccount while that is active. */
export function wayOf(subaccount: Subaccount): WayToCloud {
  return subaccount.recovery?.isActive ? subaccount.recovery : subaccount
}

/** @throws PlatformError CONNECTOR_RECOVERY_NOT_FOUND */
export function recoveryOf({ recovery, subaccountId, regionHost }: Subaccount): RecoverySubaccount {
  if (recovery === undefined)
    throw new PlatformError('CONNECTOR_RECOVERY_NOT_FOUND', { subaccount: subaccountId, regionHost })
  return recovery
}

/** @throws PlatformError CONNECTOR_RECOVERY_EXISTS */
export function addRecovery(subaccount: Subaccount, recovery: RecoverySubaccount): Subaccount {
  const { subaccountId, regionHost } = subaccount
  if (subaccount.recovery !== undefined)
    throw new PlatformError('CONNECTOR_RECOVERY_EXISTS', { subaccount: subaccountId, regionHost })
  return { ...subaccount, recovery }
}

/** Without its recovery subaccount; if that was active the original takes its place again. */
export function removeRecovery(subaccount: Subaccount): Subaccount {
  recoveryOf(subaccount)
  const { recovery, ...rest } = subaccount
  return rest
}

/**
 * The active recovery subaccount becomes the subaccount, with all that the original had, which is gone (guide L24050).
 * @throws PlatformError CONNECTOR_RECOVERY_NOT_FOUND, CONNECTOR_RECOVERY_INACTIVE
 */
export function takeOver(
  configuration: ConnectorConfiguration,
  regionHost: string,
  subaccountId: string,
): ConnectorConfiguration {
  const original = subaccountOf(configuration, regionHost, subaccountId)
  const { isActive, ...way } = recoveryOf(original)
  if (!isActive) throw new PlatformError('CONNECTOR_RECOVERY_INACTIVE', { subaccount: subaccountId, regionHost })
  const { recovery, ...rest } = original
  return withSubaccount(removeSubaccount(configuration, regionHost, subaccountId), { ...rest, ...way })
}

/** Whether this connector has the subaccount of a region, as a regular one or as a recovery subaccount. */
export function isTaken(configuration: ConnectorConfiguration, regionHost: string, subaccountId: string): boolean {
  const key = subaccountKey(regionHost, subaccountId)
  if (configuration.subaccounts.has(key)) return true
  for (const subaccount of configuration.subaccounts.values())
    if (
      subaccount.recovery !== undefined &&
      subaccountKey(subaccount.recovery.regionHost, subaccount.subaccountId) === key
    )
      return true
  return false
}
