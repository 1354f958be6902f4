// Prototype ceiling: plain Node relays bytes, one mutual TLS connection per client connection, no multiplexing,
// no parsing. Arguments: 'near' or 'far', JSON {ca, cert, key, targets: [port, …]}. Prints {"ports": [port, …]}.
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'

interface Settings {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly targets: readonly number[]
}

const role = process.argv[2]
const settings = JSON.parse(process.argv[3] ?? '{}') as Settings
const identity = {
  ca: readFileSync(settings.ca),
  cert: readFileSync(settings.cert),
  key: readFileSync(settings.key),
}

function relay(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  })
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

function join(client: Socket, server: Socket): void {
  client.setNoDelay(true)
  server.setNoDelay(true)
  relay(client, server)
  relay(server, client)
}

function accept(target: number): Server {
  if (role === 'near') {
    return createServer((client) => {
      join(client, tls.connect({ ...identity, port: target, host: '127.0.0.1', servername: 'localhost' }))
    })
  }
  return tls.createServer({ ...identity, requestCert: true, rejectUnauthorized: true }, (client) => {
    join(client, connect(target, '127.0.0.1'))
  })
}

const ports: number[] = []
for (const target of settings.targets) {
  const server = accept(target)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  ports.push((server.address() as AddressInfo).port)
}
process.stdout.write(`${JSON.stringify({ ports })}\n`)
