import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from './backend-identity.ts'

/** Codes that say that a backend does not take the certificate that was shown. */
export const refusedCertificate = /ALERT_(UNKNOWN_CA|ACCESS_DENIED|[A-Z_]*CERTIFICATE[A-Z_]*)$/

/**
 * Whether a system that has just ended its handshake knows the user now. A client only learns which signatures a server
 * takes from the server's request for a certificate (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4): where none fits,
 * no certificate was shown. A resumed session belongs to the user whose certificate was shown when it began.
 */
export function certificateProblem(socket: TLSSocket, { keyType }: ClientCertificate): 'PROPAGATION_NOT_ASKED' | null {
  if (socket.isSessionReused()) return null
  const isUsable = socket.getSharedSigalgs().some((name) => (keyType === 'ec' ? /^ECDSA/ : /^RSA/).test(name))
  return isUsable ? null : 'PROPAGATION_NOT_ASKED'
}
