import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnAddress } from '../src/compose/own-address.ts'

const own = {
  listeners: ['https://127.0.0.1:8081', undefined],
  publicUrls: ['https://destination.example', ''],
  uaaDomain: 'uaa.example:8443',
}

for (const [address, expected] of [
  ['https://127.0.0.1:8081/oauth/token', true],
  ['https://tenant.localhost:8081/', true],
  ['https://localhost:8082/', false],
  ['https://destination.example/api', true],
  ['https://destination.example:444/api', false],
  ['https://other.destination.example/api', false],
  ['https://uaa.example:8443/', true],
  ['https://tenant.uaa.example:8443/oauth/token', true],
  ['https://tenant.uaa.example/oauth/token', false],
  ['https://notuaa.example:8443/', false],
] as const)
  test(`a diagnosis takes ${address} for ${expected ? 'this platform' : 'a foreign receiver'}`, () => {
    assert.equal(isOwnAddress(new URL(address), own), expected)
  })
