import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlatformError } from '@landbridge/kernel'
import { RfcError, rfcRouteOf } from '../src/index.ts'
import { rfcErrorOf } from '../src/rfc/rfc-error.ts'

const destination = (properties: Readonly<Record<string, string>>) => ({
  name: 'erp',
  getProperty: (key: string): string | undefined => properties[key],
})

test('an application server leads to its gateway, a message server to its group', () => {
  const direct = {
    'jco.client.ashost': 'abap.virtual',
    'jco.client.sysnr': '42',
    'jco.client.cloud_connector_location_id': 'plant',
  }
  assert.deepEqual(rfcRouteOf(destination(direct)), {
    host: 'sapgw42@abap.virtual',
    port: 0,
    system: 'abap.virtual:sapgw42',
    locationId: 'plant',
  })
  const balanced = { 'jco.client.mshost': 'ms.virtual', 'jco.client.r3name': 'ERP' }
  assert.equal(rfcRouteOf(destination(balanced)).host, 'sapmsERP/PUBLIC@ms.virtual')
  assert.equal(rfcRouteOf(destination({ ...balanced, 'jco.client.group': 'SALES' })).host, 'sapmsERP/SALES@ms.virtual')
  const numbered = rfcRouteOf(destination({ ...balanced, 'jco.client.msserv': '3601' }))
  assert.deepEqual([numbered.host, numbered.system], ['3601/PUBLIC@ms.virtual', 'ms.virtual:3601'])
})

test('a destination that leads nowhere is a configuration error that names the property', () => {
  const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /^\(101\) JCO_ERROR_CONFIGURATION: Destination erp: jco\.client\.ashost or jco\.client\.mshost is missing$/],
    [{ 'jco.client.ashost': 'a', 'jco.client.sysnr': '4' }, /jco\.client\.sysnr needs two digits/],
    [{ 'jco.client.mshost': 'a', 'jco.client.r3name': 'erp' }, /jco\.client\.r3name needs a system ID/],
    [{ 'jco.destination.proxy_type': 'Internet' }, /leads to the Internet/],
    [{ 'jco.client.wshost': 'a', 'jco.client.ashost': 'b' }, /leads to the Internet/],
  ]
  for (const [properties, message] of wrong)
    assert.throws(() => rfcRouteOf(destination(properties)), { name: 'RfcError', message })
})

test('what fails on the way is error 102 and says what (RFC-062, RFC-063)', () => {
  const text = (code: PlatformError['code'], locationId = ''): string =>
    rfcErrorOf(new PlatformError(code), 'abap.virtual:sapgw42', locationId).message
  const start = '(102) JCO_ERROR_COMMUNICATION: Opening connection to backend failed: '
  assert.equal(text('CONNECTOR_NOT_CONNECTED'), `${start}No Cloud Connector is connected for the default location.`)
  assert.equal(
    text('CONNECTOR_NOT_CONNECTED', 'plant'),
    `${start}No Cloud Connector is connected for location ID plant.`,
  )
  assert.match(text('BACKEND_UNREACHABLE'), /The system behind abap\.virtual:sapgw42 cannot be reached/)
  assert.match(text('CLIENT_PROXY_TOKEN_REFUSED'), /refused the token/)
  const known = new RfcError('JCO_ERROR_RESOURCE', 'x')
  assert.equal(rfcErrorOf(known, '', ''), known)
})
