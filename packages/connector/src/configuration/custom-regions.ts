import { PlatformError } from '@landbridge/kernel'
import type { ConnectorSettings } from './model.ts'

/** A region that an administrator added to the selection (guide L19596). */
export interface CustomRegion {
  readonly name: string
  readonly regionHost: string
}

/** @throws PlatformError CONNECTOR_REGION_EXISTS for a region host that is there already, whatever its case */
export function addRegion(settings: ConnectorSettings, region: CustomRegion): ConnectorSettings {
  const known = settings.customRegions ?? []
  if (known.some((one) => sameHost(one.regionHost, region.regionHost)))
    throw new PlatformError('CONNECTOR_REGION_EXISTS', { regionHost: region.regionHost })
  return { ...settings, customRegions: [...known, region] }
}

/** Subaccounts keep the region host that they were added with. @throws as `addRegion`, CONNECTOR_REGION_NOT_FOUND */
export function replaceRegion(
  settings: ConnectorSettings,
  regionHost: string,
  region: CustomRegion,
): ConnectorSettings {
  const at = indexOf(settings, regionHost)
  const others = (settings.customRegions ?? []).toSpliced(at, 1)
  const { customRegions = [] } = addRegion({ ...settings, customRegions: others }, region)
  return { ...settings, customRegions: [...customRegions.slice(0, at), region, ...others.slice(at)] }
}

/** @throws PlatformError CONNECTOR_REGION_NOT_FOUND */
export function removeRegion(settings: ConnectorSettings, regionHost: string): ConnectorSettings {
  const at = indexOf(settings, regionHost)
  return { ...settings, customRegions: (settings.customRegions ?? []).toSpliced(at, 1) }
}

function indexOf({ customRegions = [] }: ConnectorSettings, regionHost: string): number {
  const at = customRegions.findIndex((one) => sameHost(one.regionHost, regionHost))
  if (at < 0) throw new PlatformError('CONNECTOR_REGION_NOT_FOUND', { regionHost })
  return at
}

function sameHost(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
