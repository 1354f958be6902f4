import { createPrivateKey, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Secret } from '@landbridge/kernel'

/** A certificate of an administration port with its key. */
export interface PeerIdentity {
  /** PEM chain, leaf first. */
  readonly cert: string
  readonly key: Secret
}

const label = 'EXPORTER-landbridge-high-availability'
const exportedBytes = 32

/**
 * Proves to the other end of a TLS connection that this end has the key of a certificate: a signature over keying
 * material of this very connection (RFC 5705), worthless on any other. The administration port does not ask for
 * certificates in the handshake, because browsers would then ask their users for one.
 */
export function proveIdentity(socket: TLSSocket, { key }: PeerIdentity): string {
  const privateKey = createPrivateKey(key.reveal())
  return sign(digestFor(privateKey), exported(socket), privateKey).toString('base64url')
}

/** Whether the client of a TLS connection has the key of a certificate (PEM). */
export function isProven(socket: TLSSocket, certificate: string, proof: string): boolean {
  try {
    const publicKey = createPublicKey(certificate)
    return verify(digestFor(publicKey), exported(socket), publicKey, Buffer.from(proof, 'base64url'))
  } catch {
    // Neither a certificate nor a signature.
    return false
  }
}

/** SHA-256 of the first certificate, hexadecimal in lower case; undefined when there is none. */
export function fingerprintOf(certificate: string): string | undefined {
  try {
    return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()
  } catch {
    return undefined
  }
}

function exported(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(exportedBytes, label, Buffer.alloc(0))
}

/** EdDSA has its digest within. */
function digestFor(key: KeyObject): string | undefined {
  return key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448' ? undefined : 'sha256'
}
