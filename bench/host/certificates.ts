import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type IssuedCertificate, LocalCa } from '@landbridge/identity'

/** Who the connector's certificate says it is: the connectivity service would issue it in this form. */
export const connectorIdentity = {
  subaccountId: '0b7d2c9e-6f0a-4c55-9d3e-1c1e5f4a7b11',
  connectorId: '5e0d3c55-2a41-4a0e-8f3c-9b2f6d7e8a90',
} as const

/** Files of a throw-away CA with one server and one client certificate, ECDSA P-256, valid one day. */
export interface CertificateFiles {
  readonly ca: string
  readonly server: PemPair
  readonly client: PemPair
}

export interface PemPair {
  /** Chain, leaf first. */
  readonly cert: string
  readonly key: string
  /** Certificate and key in one file, as HAProxy wants it. */
  readonly both: string
}

/** Creates the certificates for both ends of a tunnel in `folder`; every peer uses the same. */
export async function createCertificates(folder: string): Promise<CertificateFiles> {
  const ca = await LocalCa.create({ subject: { CN: 'benchmark CA' }, days: 1 })
  const file = join(folder, 'ca.pem')
  writeFileSync(file, ca.certificatePem)
  const { subaccountId, connectorId } = connectorIdentity
  const subject = { CN: subaccountId, L: 'localhost', OU: connectorId, O: 'Landbridge' }
  return {
    ca: file,
    server: write(
      folder,
      'server',
      await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 }),
    ),
    client: write(folder, 'client', await ca.issueClient({ subject, days: 1 })),
  }
}

function write(folder: string, name: string, { cert, key }: IssuedCertificate): PemPair {
  const path = join(folder, name)
  const pair = { cert: `${path}.pem`, key: `${path}.key`, both: `${path}.both` }
  writeFileSync(pair.cert, cert)
  writeFileSync(pair.key, key, { mode: 0o600 })
  writeFileSync(pair.both, `${cert}\n${key}`, { mode: 0o600 })
  return pair
}
