import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portIn } from '../src/compose/services-file.ts'

test('a service of the services file is found by name or alias, for TCP only', () => {
  const services = '# SAP\nsapmsERP  3601/tcp  erp-ms # central\nsapmsDEV 3602/udp\nbad x/tcp\nsapmsQAS\t3603/tcp\n'
  assert.deepEqual(
    ['sapmsERP', 'erp-ms', 'sapmsQAS', 'sapmsDEV', 'bad', 'central', ''].map((name) => portIn(services, name)),
    [3601, 3601, 3603, undefined, undefined, undefined, undefined],
  )
})
