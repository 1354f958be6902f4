import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { freePort } from '@landbridge/testkit'
import {
  ControlChannel,
  type ControlMessage,
  prefaceLength,
  Session,
  type Stream,
  type StreamSink,
  tunnelAlpn,
} from '@landbridge/tunnel'

export const regionHost = 'cf.eu99.example.test'
/** Another region, which every fake region stands for as well. */
export const otherRegionHost = 'cf.us99.example.test'
export const cloudUser = 'admin@example.test'
export const cloudPassword = 'cloud-pass'

/** A request that the region received, as far as tests look at it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly body: string
  readonly authorized: boolean
}

/** The region endpoints and the control channel, over real TLS, as small as they can be. */
export interface FakeRegion {
  readonly port: number
  readonly ca: LocalCa
  readonly asked: Asked[]
  readonly hellos: ControlMessage[]
  /** When true, the control channel refuses every connector. */
  refuse: boolean
  /** Identity providers that the region names. */
  idps: object[]
  /** Signs certificates for this key instead of the requested one. */
  foreignCertificate: string | undefined
  /** Signs instead of `ca`, for example with a clock of its own. */
  signer: LocalCa | undefined
  /** Services that service channels reach: each gives every byte back. */
  readonly services: Set<string>
  /** Open tunnel connections of service channels. */
  readonly tunnels: Set<Session>
  /** Control channels of connectors that were welcomed, with the serial number of the certificate they showed. */
  readonly controls: { readonly channel: ControlChannel; readonly serialNumber: string }[]
  /** Outcomes of requests to open a tunnel, as connectors told them. */
  readonly results: ControlMessage[]
  close(): Promise<void>
}

/** @param former a closed region whose port and authority the new one takes over, on another address if wanted. */
export async function startFakeRegion(former?: FakeRegion, host = '127.0.0.1'): Promise<FakeRegion> {
  const ca = former?.ca ?? (await LocalCa.create({ subject: { CN: 'Region CA', O: 'Test' } }))
  const server = await ca.issueServer({
    dnsNames: [regionHost, otherRegionHost].flatMap((name) => [
      `connectivitynotification.${name}`,
      `connectivitycertsigning.${name}`,
    ]),
    days: 10,
  })
  const sockets = new Set<TLSSocket>()
  const http = createServer((request, response) => void answer(region, request, response))
  const tls = createTlsServer(
    {
      ...server,
      ALPNProtocols: [tunnelAlpn, 'http/1.1'],
      requestCert: true,
      rejectUnauthorized: false,
      ca: ca.certificatePem,
    },
    (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket)).on('error', () => {})
      if (socket.alpnProtocol === tunnelAlpn) welcome(region, socket)
      else http.emit('connection', socket)
    },
  )
  // It may come back on its port, on another address too.
  const port = former?.port ?? (await freePort())
  await new Promise<void>((resolve) => tls.listen(port, host, resolve))
  const address = tls.address()
  const region: FakeRegion = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ca,
    asked: [],
    hellos: [],
    refuse: false,
    idps: [],
    foreignCertificate: undefined,
    signer: undefined,
    controls: [],
    results: [],
    services: new Set(),
    tunnels: new Set(),
    async close() {
      for (const socket of sockets) socket.destroy()
      http.close()
      await new Promise((resolve) => tls.close(resolve))
    },
  }
  return region
}

function welcome(region: FakeRegion, socket: TLSSocket): void {
  let isTunnel = false
  const session = new Session(socket, {
    role: 'server',
    clock: systemClock,
    closed: () => region.tunnels.delete(session),
    accept(stream) {
      if (isTunnel) return new Echo()
      const channel = ControlChannel.accept(stream)
      channel.onMessage = (message) => {
        if (message.type === 'open-channel') answerChannel(region, channel, message)
        else if (message.type === 'list-services') {
          const services = Array.from(region.services, (serviceId) => ({ serviceId, name: `name of ${serviceId}` }))
          for (const part of [services, []])
            channel.send({ type: 'services', request: message.request, services: part })
        } else if (message.type === 'tunnel-hello') {
          isTunnel = true
          region.tunnels.add(session)
          channel.send({ type: 'tunnel-accepted' })
        } else if (message.type === 'tunnel-result') region.results.push(message)
        else if (message.type === 'hello') registered(region, socket, channel, message)
      }
      return channel
    },
  })
  if (!socket.authorized) session.destroy()
}

function registered(region: FakeRegion, socket: TLSSocket, channel: ControlChannel, hello: ControlMessage): void {
  region.hellos.push(hello)
  if (region.refuse)
    channel.send({ type: 'refused', code: 'CONNECTOR_LOCATION_TAKEN', title: 'taken', remedy: '', retry: 'later' })
  else {
    channel.send({ type: 'welcome', sessionId: 's', heartbeatMs: 15_000 })
    region.controls.push({ channel, serialNumber: socket.getPeerX509Certificate()?.serialNumber ?? '' })
  }
}

/** This port takes tunnels as well. */
function answerChannel(region: FakeRegion, channel: ControlChannel, { request, service }: ControlMessage): void {
  if (!region.services.has(String(service)))
    return channel.send({ type: 'channel-refused', request, code: 'CHANNEL_NO_MAPPING', title: '', remedy: '' })
  const serverName = `connectivitynotification.${regionHost}`
  const proxy = { host: '127.0.0.1', port: region.port, serverName, proxyId: 'p', displayName: 'fake' }
  channel.send({ type: 'open-tunnel', ticket: 't', ...proxy, channel: request })
}

/** A stream of a service channel: connected, then every byte comes back. */
class Echo implements StreamSink {
  #rest = -1

  streamData(stream: Stream, chunk: Buffer): void {
    let from = 0
    if (this.#rest < 0) {
      from = prefaceLength(chunk, 0, chunk.length)
      this.#rest = 0
      stream.write(Buffer.of(0))
    }
    if (from < chunk.length) stream.write(Buffer.from(chunk.subarray(from)))
    stream.consumed(chunk.length)
  }

  streamEnd(stream: Stream): void {
    stream.end()
  }

  streamReset(): void {}

  streamDrain(): void {}
}

async function answer(region: FakeRegion, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const { method = '', url = '' } = request
  const { authorized } = request.socket as TLSSocket
  region.asked.push({ method, url, host: request.headers.host ?? '', body, authorized })
  const reply = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  const [, id = '', what = ''] = /^\/api\/v1\/subaccounts\/([^/]+)\/(\w+)$/.exec(url) ?? []
  if (what === 'trust') return reply(authorized ? 200 : 401, { idps: region.idps })
  const [, renewing] = /^\/api\/v1\/subaccounts\/([^/]+)\/certificates\/renewal$/.exec(url) ?? []
  if (renewing !== undefined) {
    if (!authorized) return reply(401, { title: 'certificate needed' })
    const { csr: csrPem } = JSON.parse(body) as { csr: string }
    const subject = { CN: renewing, L: regionHost, OU: 'same', O: 'Landbridge' }
    const certificate = await region.ca.issueClientFromCsr({ csrPem, subject, days: 365 })
    return reply(201, { certificate, ca: region.ca.certificatePem })
  }
  const expected = `Basic ${Buffer.from(`${cloudUser}:${cloudPassword}`).toString('base64')}`
  if (request.headers.authorization !== expected) return reply(401, { title: 'wrong user or password' })
  if (id.startsWith('unknown')) return reply(404, { title: 'There is no subaccount with this ID' })
  const asked = request.headers.host?.includes(otherRegionHost) ? otherRegionHost : regionHost
  if (what === 'configuration')
    return reply(200, {
      subaccountId: id,
      displayName: 'Demo',
      notificationHost: `connectivitynotification.${asked}`,
      certSigningHost: `connectivitycertsigning.${asked}`,
    })
  const { csr, connectorId } = JSON.parse(body) as { csr: string; connectorId: string }
  const subject = { CN: id, L: regionHost, OU: connectorId, O: 'Landbridge' }
  const certificate =
    region.foreignCertificate ??
    (await (region.signer ?? region.ca).issueClientFromCsr({ csrPem: csr, subject, days: 365 }))
  return reply(201, { certificate, ca: region.ca.certificatePem })
}
