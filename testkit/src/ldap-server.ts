import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { BerReader, BerWriter } from 'ldapts'

const bindRequest = 0x60
const searchRequest = 0x63
const invalidCredentials = 49

export interface LdapEntry {
  readonly dn: string
  readonly password?: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

export interface LdapServer {
  readonly port: number
  /** Names that were bound, in order. */
  readonly binds: string[]
  close(): Promise<void>
}

/** A directory that knows simple binds and searches by equality (RFC 4511), as small as it can be. */
export async function startLdapServer(
  entries: readonly LdapEntry[],
  tls?: { readonly key: string; readonly cert: string },
): Promise<LdapServer> {
  const binds: string[] = []
  const sockets = new Set<Socket>()
  const accept = (socket: Socket): void => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const reader = new BerReader(pending)
        // Null: the message is not there as a whole.
        if (reader.readSequence() === null || reader.length > reader.remain) return
        const size = reader.offset + reader.length
        answer(new BerReader(pending.subarray(0, size)), socket, entries, binds)
        pending = pending.subarray(size)
      }
    })
  }
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    binds,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(reader: BerReader, socket: Socket, entries: readonly LdapEntry[], binds: string[]): void {
  reader.readSequence()
  const id = reader.readInt() ?? 0
  const operation = reader.readSequence()
  if (operation === bindRequest) {
    reader.readInt()
    const dn = reader.readString() ?? ''
    const password = reader.readString(0x80) ?? ''
    binds.push(dn)
    const isKnown = password === '' || entries.some((entry) => entry.dn === dn && entry.password === password)
    socket.write(result(id, 0x61, isKnown ? 0 : invalidCredentials))
  } else if (operation === searchRequest) {
    const base = reader.readString() ?? ''
    for (let field = 0; field < 2; field++) reader.readEnumeration()
    for (let field = 0; field < 2; field++) reader.readInt()
    reader.readBoolean()
    reader.readSequence(0xa3)
    const attribute = reader.readString() ?? ''
    const value = reader.readString() ?? ''
    for (const entry of entries)
      if (entry.dn.endsWith(`,${base}`) && entry.attributes[attribute]?.includes(value)) socket.write(found(id, entry))
    socket.write(result(id, 0x65, 0))
  }
}

function result(id: number, operation: number, code: number): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  writer.startSequence(operation)
  writer.writeEnumeration(code)
  writer.writeString('')
  writer.writeString('')
  writer.endSequence()
  writer.endSequence()
  return writer.buffer
}

function found(id: number, { dn, attributes }: LdapEntry): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  writer.startSequence(0x64)
  writer.writeString(dn)
  writer.startSequence()
  for (const [name, values] of Object.entries(attributes)) {
    writer.startSequence()
    writer.writeString(name)
    writer.startSequence(0x31)
    for (const value of values) writer.writeString(value)
    writer.endSequence()
    writer.endSequence()
  }
  writer.endSequence()
  writer.endSequence()
  writer.endSequence()
  return writer.buffer
}
