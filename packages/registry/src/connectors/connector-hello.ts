import { PlatformError } from '@landbridge/kernel'
import { parseLocationId } from '../pairing/location-id.ts'
import { parseSubaccountId } from '../subaccounts/subaccount.ts'

/** What a connector tells about its installation; it may change while the connector is connected. */
export interface ConnectorAbout {
  /** Description of the installation as a whole; empty when there is none or it does not say. */
  readonly connectorDescription: string
  /** Role of the installation in a high-availability pair, free text; empty when it does not say (guide L18894). */
  readonly haRole: string
}

/** First message of a connector on its control stream. */
export interface ConnectorHello extends ConnectorAbout {
  readonly protocol: 1
  readonly version: string
  readonly connectorId: string
  readonly subaccountId: string
  readonly locationId: string
  readonly description: string
  readonly loadSharing: boolean
}

/** @throws PlatformError CONNECTOR_HELLO_INVALID, LOCATION_ID_INVALID or SUBACCOUNT_NOT_AN_ID */
export function parseConnectorHello(message: unknown): ConnectorHello {
  if (typeof message !== 'object' || message === null) throw invalid('', 'the message is no object')
  const fields = message as Readonly<Record<string, unknown>>
  if (fields.type !== 'hello') throw invalid('type', 'the first message must be "hello"')
  if (fields.protocol !== 1) throw invalid('protocol', 'this platform speaks protocol 1')
  return {
    protocol: 1,
    version: text(fields, 'version', 50),
    connectorId: connectorIdOf(text(fields, 'connectorId', 64)),
    subaccountId: parseSubaccountId(text(fields, 'subaccountId', 100)),
    locationId: parseLocationId(text(fields, 'locationId', 1_000, '')),
    description: text(fields, 'description', 1_000, ''),
    loadSharing: fields.loadSharing === true,
    ...parseConnectorAbout(fields),
  }
}

/** @throws PlatformError CONNECTOR_HELLO_INVALID */
export function parseConnectorAbout(fields: Readonly<Record<string, unknown>>): ConnectorAbout {
  return {
    connectorDescription: text(fields, 'connectorDescription', 1_000, ''),
    haRole: text(fields, 'haRole', 20, ''),
  }
}

/**
 * An installation's ID; it also stands in certificates.
 * @throws PlatformError CONNECTOR_HELLO_INVALID
 */
export function connectorIdOf(given: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(given)) throw invalid('connectorId', 'must be 1 to 64 letters, digits and hyphens')
  return given
}

function text(fields: Readonly<Record<string, unknown>>, name: string, longest: number, otherwise?: string): string {
  const value = fields[name] ?? otherwise
  if (typeof value !== 'string') throw invalid(name, 'must be a text')
  if (value.length > longest) throw invalid(name, `must have at most ${longest} characters`)
  return value
}

function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('CONNECTOR_HELLO_INVALID', { field, reason })
}
