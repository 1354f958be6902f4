import type { SigningKey } from '@landbridge/identity'
import { importPKCS8, SignJWT } from 'jose'

export const subaccountId = '5b1c8f4e-3d52-4a58-9a58-0d1f6b7d0001'

/** A token like those of the token service, with its usual length. */
export async function signToken(key: SigningKey): Promise<string> {
  const pem = key.privateKey.reveal()
  return new SignJWT({
    zid: subaccountId,
    client_id: 'bench',
    cid: 'bench',
    azp: 'bench',
    scope: ['uaa.resource'],
    authorities: ['uaa.resource'],
    ext_attr: { enhancer: 'XSUAA', subaccountid: subaccountId, zdn: 'bench' },
    aud: ['bench', 'uaa'],
    padding: 'x'.repeat(600),
  })
    .setProtectedHeader({ alg: 'RS256', kid: key.keyId, typ: 'JWT' })
    .setIssuer('https://bench.localhost/oauth/token')
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(await importPKCS8(pem, 'RS256'))
}
