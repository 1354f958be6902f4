// x509's container asks for this before it is loaded.
import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** Files of one throw-away CA with a server and a client certificate, ECDSA P-256, valid one day. */
export interface CertificateFiles {
  readonly ca: string
  readonly server: PemPair
  readonly client: PemPair
}

export interface PemPair {
  readonly cert: string
  readonly key: string
  /** Certificate and key in one file, as HAProxy wants it. */
  readonly both: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

/** Creates the certificates for both ends of a tunnel in `folder`. */
export async function createCertificates(folder: string): Promise<CertificateFiles> {
  x509.cryptoProvider.set(globalThis.crypto)
  const caKeys = await newKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=benchmark CA',
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + dayMs),
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.toString('pem'))
  const issue = async (name: string, serialNumber: string): Promise<PemPair> => {
    const keys = await newKeys()
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber,
      subject: `CN=${name}`,
      issuer: ca.subject,
      notBefore: new Date(Date.now() - dayMs),
      notAfter: new Date(Date.now() + dayMs),
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    })
    const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
    return writePair(folder, name, leaf.toString('pem'), key)
  }
  return { ca: caFile, server: await issue('server', '02'), client: await issue('client', '03') }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function writePair(folder: string, name: string, certPem: string, keyPem: string): PemPair {
  const pair = {
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
    both: join(folder, `${name}.both`),
  }
  writeFileSync(pair.cert, `${certPem}\n`)
  writeFileSync(pair.key, `${keyPem}\n`, { mode: 0o600 })
  writeFileSync(pair.both, `${certPem}\n${keyPem}\n`, { mode: 0o600 })
  return pair
}
