import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { LocalCa } from '@landbridge/identity'

/** What the backend saw of a request. */
export interface Seen {
  /** Value of SSL_CLIENT_CERT; null when the header is absent. */
  readonly header: string | null
  /** How often the header came. */
  readonly count: number
  /** Subject of the certificate in the header. */
  readonly user: string | null
  /** Common name of the TLS client certificate; empty without one. */
  readonly tls: string
  /** The TLS connection began where an earlier one ended. */
  readonly resumed: boolean
  readonly authorization: string | null
  readonly echo: string | null
}

export interface CertificateBackend {
  readonly port: number
  /** PEM of the authority that issued its server certificate. */
  readonly ca: string
  readonly seen: Seen[]
  /** For each TLS connection, the different users whose requests came over it ('' for no user). */
  readonly usersOfConnections: readonly Set<string>[]
  close(): Promise<void>
}

/** A real HTTPS server that demands a certificate which `trusted` signed and answers with what it saw. */
export async function startCertificateBackend(trusted: string, demand = true): Promise<CertificateBackend> {
  const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 2 })
  const seen: Seen[] = []
  const users = new Map<object, Set<string>>()
  const https = createServer(
    { ...server, ca: trusted, requestCert: true, rejectUnauthorized: demand },
    (request, response) => {
      const values = request.rawHeaders.filter(
        (_, index) => index % 2 === 1 && /^ssl[_-]client[_-]cert$/i.test(request.rawHeaders[index - 1] ?? ''),
      )
      const header = values[0] ?? null
      const socket = request.socket as TLSSocket
      const entry: Seen = {
        header,
        count: values.length,
        user: subjectIn(header),
        tls: String(socket.getPeerCertificate()?.subject?.CN ?? ''),
        resumed: socket.isSessionReused(),
        authorization: request.headers.authorization ?? null,
        echo: request.headers['x-echo'] === undefined ? null : String(request.headers['x-echo']),
      }
      seen.push(entry)
      const known = users.get(socket) ?? new Set()
      users.set(socket, known.add(entry.user ?? ''))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(entry))
    },
  )
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  const address = https.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ca: ca.certificatePem,
    seen,
    get usersOfConnections() {
      return [...users.values()]
    },
    async close() {
      https.closeAllConnections()
      await new Promise((resolve) => https.close(resolve))
    },
  }
}

function subjectIn(header: string | null): string | null {
  if (header === null || !header.startsWith('MII')) return null
  return new X509Certificate(Buffer.from(header, 'base64')).subject
}
