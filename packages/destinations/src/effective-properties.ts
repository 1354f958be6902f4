import { withoutCredentials } from './credentials.ts'
import { withDefaults } from './find-destination.ts'
import { type Properties, present } from './properties.ts'
import { type RfcTarget, rfcTarget, withRfcDefaults } from './rfc/rfc-destination.ts'

/** What a destination means to whoever uses it: absent properties have their defaults. Without credentials. */
export interface EffectiveDestination {
  readonly properties: Properties
  /** RFC only: what the Cloud Connector must expose, or the WebSocket server. */
  readonly target?: RfcTarget & { readonly locationId: string }
}

export function effectiveDestination(stored: Properties): EffectiveDestination {
  if (stored.Type !== 'RFC') return { properties: withoutCredentials(withDefaults(stored)) }
  const properties = withoutCredentials(withRfcDefaults(stored))
  const target = rfcTarget(stored)
  const locationId = present(stored, 'jco.client.cloud_connector_location_id') ?? ''
  return target === undefined ? { properties } : { properties, target: { ...target, locationId } }
}
