import type { Destination } from '../destination/destination.ts'
import { RfcError } from './rfc-error.ts'

/** Where an RFC destination leads: the CONNECT request, and the name that texts use. */
export interface RfcRoute {
  /** `sapgw42@host`, `sapmsERP/GROUP@host`, `3600/GROUP@host`, with port 0. */
  readonly host: string
  readonly port: number
  /** `host:sapgw42`, as the system mapping has it. */
  readonly system: string
  readonly locationId: string
}

const prefix = 'jco.client.'

/**
 * Reads `jco.client.ashost` and `sysnr`, or `mshost` with `r3name` or `msserv` and `group` (guide L10280 to L10337).
 * @throws RfcError JCO_ERROR_CONFIGURATION with the property that is missing or wrong
 */
export function rfcRouteOf(destination: Pick<Destination, 'name' | 'getProperty'>): RfcRoute {
  const property = (key: string): string => destination.getProperty(`${prefix}${key}`) ?? ''
  const isInternet = destination.getProperty('jco.destination.proxy_type') === 'Internet' || property('wshost') !== ''
  if (isInternet) throw invalid(destination.name, 'jco.destination.proxy_type', 'leads to the Internet')
  const locationId = property('cloud_connector_location_id')
  const [applicationServer, messageServer] = [property('ashost'), property('mshost')]
  if (applicationServer !== '') {
    const number = property('sysnr')
    if (!/^[0-9]{2}$/.test(number)) throw invalid(destination.name, `${prefix}sysnr`, 'needs two digits')
    const service = `sapgw${number}`
    return { host: `${service}@${applicationServer}`, port: 0, system: `${applicationServer}:${service}`, locationId }
  }
  if (messageServer === '') throw invalid(destination.name, `${prefix}ashost`, 'or jco.client.mshost is missing')
  const group = property('group') === '' ? 'PUBLIC' : property('group')
  const port = Number(property('msserv'))
  if (Number.isInteger(port) && port > 0 && port < 65_536)
    return { host: `${port}/${group}@${messageServer}`, port: 0, system: `${messageServer}:${port}`, locationId }
  const systemId = property('r3name')
  if (!/^[A-Z][A-Z0-9]{2}$/.test(systemId)) throw invalid(destination.name, `${prefix}r3name`, 'needs a system ID')
  const service = `sapms${systemId}`
  return { host: `${service}/${group}@${messageServer}`, port: 0, system: `${messageServer}:${service}`, locationId }
}

function invalid(name: string, property: string, reason: string): RfcError {
  return new RfcError('JCO_ERROR_CONFIGURATION', `Destination ${name}: ${property} ${reason}`)
}
