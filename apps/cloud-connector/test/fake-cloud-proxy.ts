import { createServer as createHttpServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { LocalCa } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import {
  ControlChannel,
  type ControlMessage,
  type Preface,
  SentTokens,
  Session,
  type Stream,
  type StreamKindCode,
  tunnelAlpn,
  writePreface,
} from '@landbridge/tunnel'

/** A tunnel that a connector opened, seen from the cloud. */
export interface FakeTunnel {
  readonly session: Session
  readonly hello: ControlMessage
  readonly serialNumber: string
}

/** The tunnel server of a proxy in the cloud, over real TLS, as small as it can be. */
export interface FakeCloudProxy {
  readonly port: number
  readonly tunnels: FakeTunnel[]
  /** False: answers like a proxy that sends a user's token with each request. */
  refersToTokens: boolean
  close(): Promise<void>
}

export async function startFakeCloudProxy(ca: LocalCa, serverName: string): Promise<FakeCloudProxy> {
  const issued = await ca.issueServer({ dnsNames: [serverName], days: 10 })
  const tunnels: FakeTunnel[] = []
  const tls = createTlsServer(
    { ...issued, ca: ca.certificatePem, requestCert: true, rejectUnauthorized: true, ALPNProtocols: [tunnelAlpn] },
    (socket) => {
      const serialNumber = socket.getPeerX509Certificate()?.serialNumber ?? ''
      const session = new Session(socket, {
        role: 'server',
        clock: systemClock,
        closed: () => {},
        accept(stream) {
          const channel = ControlChannel.accept(stream)
          channel.onMessage = (hello) => {
            const refers = proxy.refersToTokens && hello.tokenReferences === true
            channel.send({ type: 'tunnel-accepted', ...(refers ? { tokenReferences: true } : {}) })
            if (refers) session.sentTokens = new SentTokens(session, systemClock)
            tunnels.push({ session, hello, serialNumber })
          }
          return channel
        },
      })
    },
  )
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
  const address = tls.address()
  const proxy: FakeCloudProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    tunnels,
    refersToTokens: true,
    async close() {
      for (const tunnel of tunnels) tunnel.session.destroy()
      await new Promise((resolve) => tls.close(resolve))
    },
  }
  return proxy
}

/** A stream to a virtual host and what came back on it. */
export interface FakeExchange {
  readonly stream: Stream
  /** Resolves once so many bytes came or the stream ended, with all that came. */
  received(bytes: number): Promise<Buffer>
  /** Resolves with all that came once the connector ended or reset the stream. */
  readonly ended: Promise<Buffer>
}

export function openExchange(
  { session }: FakeTunnel,
  kind: StreamKindCode,
  host: string,
  port: number,
  text: string,
  userToken = '',
): FakeExchange {
  let all = Buffer.alloc(0)
  let wake = (): void => {}
  let over: (bytes: Buffer) => void = () => {}
  const ended = new Promise<Buffer>((resolve) => {
    over = resolve
  })
  let isOver = false
  const finish = (): void => {
    isOver = true
    over(all)
    wake()
  }
  const stream = session.open({
    streamData(own, chunk) {
      all = Buffer.concat([all, chunk])
      own.consumed(chunk.length)
      wake()
    },
    streamEnd: finish,
    streamReset: finish,
    streamDrain() {},
  })
  const bytes = Buffer.alloc(8_000)
  const preface: Preface = {
    kind,
    virtualHost: host,
    virtualPort: port,
    userToken,
    technicalToken: '',
    traceId: '',
    clientId: 'sb-test',
  }
  stream.write(
    Buffer.concat([bytes.subarray(0, writePreface(bytes, 0, preface, session.sentTokens)), Buffer.from(text)]),
  )
  return {
    stream,
    ended,
    async received(count) {
      while (all.length < count && !isOver) await new Promise<void>((resolve) => (wake = resolve))
      return all
    },
  }
}

/** The only way out of a network: CONNECT by name, to servers that `route` finds by that name. */
export async function startWayOut(route: (target: string) => number) {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const http = createHttpServer()
  http.on('connection', (socket: Socket) => sockets.add(socket))
  http.on('connect', (request, client: Socket, head: Buffer) => {
    const target = request.url ?? ''
    targets.push(target)
    const onward = connect(route(target), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      if (head.length > 0) onward.write(head)
      client.pipe(onward).pipe(client)
    })
    sockets.add(onward)
    for (const end of [client, onward]) end.on('error', () => {}).on('close', () => onward.destroy())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    targets: targets as readonly string[],
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
