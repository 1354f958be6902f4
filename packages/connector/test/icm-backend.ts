import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { LocalCa } from '@landbridge/identity'

/** Who logged on, and how. */
export interface Logon {
  readonly user: string
  readonly by: 'header' | 'handshake'
}

export interface IcmBackend {
  readonly port: number
  readonly ca: string
  close(): Promise<void>
}

/**
 * An HTTPS server with the rules by which an ICM lets clients speak for users (guide L20041 to L20093): a certificate is
 * required (`icm/HTTPS/verify_client = 2`), and the header counts only from a client whose subject and issuer are, letter
 * by letter, those of `icm/trusted_reverse_proxy_0`. Anybody else is whom the certificate of the handshake names.
 * @param parameter value of the profile parameter.
 */
export async function startIcmBackend(parameter: string, clientCa: string, usersCa: string): Promise<IcmBackend> {
  const [, subject, issuer] = /^SUBJECT="([^"]*)", ISSUER="([^"]*)"$/.exec(parameter) ?? []
  const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 2 })
  const users = new X509Certificate(usersCa)

  const logon = (request: IncomingMessage): Logon | null => {
    const client = (request.socket as TLSSocket).getPeerX509Certificate()
    if (client === undefined) return null
    const isTrusted = shown(client.subject) === subject && shown(client.issuer) === issuer
    const header = request.headers.ssl_client_cert
    if (!isTrusted || typeof header !== 'string') return { user: shown(client.subject), by: 'handshake' }
    // The client says that its own certificate is not meant for logging on.
    if (header === '') return null
    const user = new X509Certificate(Buffer.from(header, 'base64'))
    const now = new Date()
    const isValid = user.verify(users.publicKey) && user.validFromDate <= now && now <= user.validToDate
    return isValid ? { user: shown(user.subject), by: 'header' } : null
  }

  const https = createServer({ ...server, ca: clientCa, requestCert: true }, (request, response) => {
    const who = logon(request)
    response.statusCode = who === null ? 401 : 200
    response.end(JSON.stringify(who))
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  return {
    port: (https.address() as AddressInfo).port,
    ca: ca.certificatePem,
    async close() {
      https.closeAllConnections()
      await new Promise((resolve) => https.close(resolve))
    },
  }
}

/** As an ICM writes names: the most specific part first, a blank behind each comma. */
function shown(name: string): string {
  return name.split('\n').reverse().join(', ')
}
