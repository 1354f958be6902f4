import type { TLSSocket } from 'node:tls'
import { certificateFacts } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import { assertCertificateGood, type ConnectorCertificate, type ConnectorRepository } from '@landbridge/registry'

/** What authorises a connector: its certificate, checked against the platform's CA and the list of issued ones. */
export class PeerCertificates {
  readonly #connectors: ConnectorRepository
  readonly #clock: Clock

  constructor(connectors: ConnectorRepository, clock: Clock) {
    this.#connectors = connectors
    this.#clock = clock
  }

  /**
   * The handshake asks for a certificate but lets any through, so that a connector with a bad one reads why.
   * @throws PlatformError with one of the CONNECTOR_CERTIFICATE codes
   */
  async check(socket: TLSSocket): Promise<ConnectorCertificate> {
    const peer = socket.getPeerX509Certificate()
    if (peer === undefined) throw new PlatformError('CONNECTOR_CERTIFICATE_MISSING')
    if (!socket.authorized) throw untrusted(String(socket.authorizationError), peer.validTo)
    const { fingerprint } = certificateFacts(peer)
    return assertCertificateGood(await this.#connectors.findCertificate(fingerprint), fingerprint, this.#clock.now())
  }
}

function untrusted(reason: string, notAfter: string): PlatformError {
  return reason === 'CERT_HAS_EXPIRED'
    ? new PlatformError('CONNECTOR_CERTIFICATE_EXPIRED', { notAfter })
    : new PlatformError('CONNECTOR_CERTIFICATE_UNTRUSTED', { reason })
}
