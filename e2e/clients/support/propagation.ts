import type { TestPlatform } from '@landbridge/testkit'
import { administrate, regionHost } from './administration.ts'

export const onPremise = '/connector/onPremise'

/** Gives the demo's Cloud Connector a certificate of its own or an authority for users. @returns its chain (PEM) */
export async function createCertificate(
  platform: TestPlatform,
  certificate: 'systemCertificate' | 'ppCaCertificate',
  subjectDN: string,
): Promise<string> {
  const path = `${onPremise}/${certificate}`
  await administrate(platform, 'POST', path, { type: 'selfsigned', subjectDN, keySize: '2048' })
  return (await administrate(platform, 'GET', `${path}/chain`)).text
}

/** The Cloud Connector believes backends that this authority issued a certificate to. */
export async function trustBackends(platform: TestPlatform, authority: string): Promise<void> {
  const form = new FormData()
  form.append('certificate', new Blob([authority]), 'backends.pem')
  await administrate(platform, 'POST', `${onPremise}/truststore/certificates`, form)
}

/** What an administrator does once per subaccount: fetch the identity providers and switch them on. */
export async function trustThePlatform(platform: TestPlatform): Promise<void> {
  const trust = `/subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}/trust`
  await administrate(platform, 'POST', trust)
  const { json: providers } = await administrate(platform, 'GET', `${trust}/idps`)
  for (const { id } of providers) await administrate(platform, 'PUT', `${trust}/idps/${id}`, { enabled: true })
}
