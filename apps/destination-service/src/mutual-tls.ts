import { createServer } from 'node:https'
import { endInTime, keepCertificateFresh, mutualTlsOptions } from '@landbridge/http-api'
import type { LocalCa } from '@landbridge/identity'
import { type Clock, type Closeable, type Log, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import type { DestinationServiceConfig } from './config.ts'

export interface MutualTlsOptions {
  readonly config: DestinationServiceConfig
  readonly authority?: LocalCa
  readonly clock: Clock
  readonly log: Log
}

export interface MutualTls extends Closeable {
  readonly url: string
  /** PEM of the certificate that it shows now. */
  serverCertificate(): string
}

/** As for plain http; see `createApi`. */
const maxHeaderSize = 64 * 1024

/**
 * Serves the same API over https on a port of its own. Every client certificate passes the handshake, also one that
 * signed itself: who a caller is, mappings decide.
 * @returns undefined when no port is configured or nobody can issue a certificate for it
 * @throws PlatformError PORT_IN_USE
 */
export async function startMutualTls(
  api: FastifyInstance,
  { config, authority, clock, log }: MutualTlsOptions,
): Promise<MutualTls | undefined> {
  const { host, mutualTlsPort, serverNames } = config
  if (mutualTlsPort === undefined || authority === undefined) return undefined
  const names = ['localhost', '127.0.0.1', ...(['0.0.0.0', '::'].includes(host) ? [] : [host]), ...serverNames]
  const tls = await mutualTlsOptions(authority, names)
  const server = createServer({ ...tls, maxHeaderSize, handshakeTimeout: 10_000 }, (request, response) =>
    api.routing(request, response),
  )
  const end = endInTime(server, clock)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const facts = { host, port: mutualTlsPort, setting: 'destinationService.mutualTlsPort' }
      reject(cause.code === 'EADDRINUSE' ? new PlatformError('PORT_IN_USE', facts, { cause }) : cause)
    })
    server.listen(mutualTlsPort, host, resolve)
  })
  const fresh = keepCertificateFresh(server, { ca: authority, names, cert: tls.cert, clock, log })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : mutualTlsPort
  return {
    url: `https://localhost:${port}`,
    serverCertificate: () => fresh.certificate,
    close: () => {
      fresh.stop()
      end()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
