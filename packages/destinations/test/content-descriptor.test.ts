import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { resolveContent, type ServiceCredentials } from '../src/index.ts'

const keys: Record<string, ServiceCredentials> = {
  'shop/key': {
    url: 'https://shop.example',
    uaa: { clientid: 'c', clientsecret: 's', url: 'https://uaa.example' },
  },
  'dest/key': { uri: 'https://dest.example', url: 'https://uaa.example/', clientid: 'd', clientsecret: 't' },
  'dest/x509': {
    uri: 'https://dest.example',
    url: 'https://uaa.example',
    certurl: 'https://cert.example',
    clientid: 'd',
    certificate: 'CERTIFICATE',
    key: 'KEY',
  },
  'dest/public': { uri: 'https://dest.example', url: 'https://u.example', clientid: 'd', certificate: 'CERTIFICATE' },
}
const lookup = async (instance: string, key: string): Promise<ServiceCredentials> => keys[`${instance}/${key}`] ?? {}

async function destination(descriptor: object): Promise<Record<string, unknown>> {
  const resolved = (await resolveContent({ instance: { destinations: [descriptor] } }, lookup)) as {
    instance: { destinations: Record<string, unknown>[] }
  }
  return resolved.instance.destinations[0] ?? {}
}

test('a destination to a service instance takes everything from its key, and own properties win (DEST-223)', async () => {
  const descriptor = { Name: 'shop', ServiceInstanceName: 'shop', ServiceKeyName: 'key' }
  assert.deepEqual(await destination(descriptor), {
    Name: 'shop',
    Type: 'HTTP',
    ProxyType: 'Internet',
    Authentication: 'OAuth2ClientCredentials',
    URL: 'https://shop.example',
    clientId: 'c',
    clientSecret: 's',
    tokenServiceURL: 'https://uaa.example/oauth/token',
    tokenServiceURLType: 'Dedicated',
  })
  const own = { Authentication: 'OAuth2UserTokenExchange', URL: 'https://other.example', colour: 'green' }
  const changed = await destination({ ...descriptor, ...own })
  for (const [key, value] of Object.entries(own)) assert.equal(changed[key], value)
  assert.equal(
    (await destination({ Name: 'd', ServiceInstanceName: 'dest', ServiceKeyName: 'key' })).URL,
    'https://dest.example',
  )
})

test('with an own URL only client and token service come from a key (DEST-224)', async () => {
  const descriptor = {
    Name: 'x',
    URL: 'https://x.example',
    TokenServiceInstanceName: 'dest',
    TokenServiceKeyName: 'key',
  }
  const found = await destination(descriptor)
  assert.deepEqual([found.URL, found.clientId, found.clientSecret], ['https://x.example', 'd', 't'])
  const { URL: _missing, ...without } = descriptor
  await assert.rejects(destination(without), failed(/x: URL is missing/))
})

test('an X.509 key becomes a key store of the level; without its private key the descriptor gives it (DEST-225)', async () => {
  const content = (more: object) => ({
    subaccount: {
      existing_destinations_policy: 'update',
      destinations: [{ Name: 'm', ServiceInstanceName: 'dest', ...more }],
    },
  })
  type Resolved = { subaccount: Record<string, never[]> }
  const { subaccount } = (await resolveContent(content({ ServiceKeyName: 'x509' }), lookup)) as Resolved
  const [found] = subaccount.destinations as unknown as Record<string, string>[]
  const [store] = subaccount.certificates as unknown as Record<string, string>[]
  assert.equal(found?.tokenServiceURL, 'https://cert.example/oauth/token')
  assert.equal(found?.['tokenService.KeyStoreLocation'], store?.Name)
  assert.equal(Buffer.from(store?.Content ?? '', 'base64').toString(), 'KEY\nCERTIFICATE\n')
  assert.equal(subaccount.existing_certificates_policy as unknown, 'update')
  const lacking = content({ ServiceKeyName: 'public' })
  await assert.rejects(resolveContent(lacking, lookup), failed(/m: .*PrivateKey/))
  const given = content({ ServiceKeyName: 'public', ServiceCredentials: { PrivateKey: 'MINE' } })
  const { subaccount: filled } = (await resolveContent(given, lookup)) as Resolved
  const [own] = filled.certificates as unknown as Record<string, string>[]
  assert.match(Buffer.from(own?.Content ?? '', 'base64').toString(), /^MINE\n/)
})

test('descriptors without service keys stay as they are', async () => {
  assert.deepEqual(await destination({ Name: 'a', Type: 'RFC' }), { Name: 'a', Type: 'RFC' })
  await assert.rejects(destination({ Name: 'a', ServiceInstanceName: 'shop' }), failed(/ServiceKeyName is missing/))
  await assert.rejects(
    destination({ Name: 'a', ServiceInstanceName: 'none', ServiceKeyName: 'none' }),
    failed(/no address of a service/),
  )
})

function failed(problem: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(isPlatformError(thrown, 'DESTINATION_INIT_DATA_FAILED'), String(thrown))
    assert.match(String(thrown.facts.problems), problem)
    return true
  }
}
