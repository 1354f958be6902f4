import { createServer, type Socket } from 'node:net'
import { logonServerAnswer, messageServerLoginAnswer, NiFrameReader, niFrame } from '@landbridge/rfc'

export interface EmulatedMessageServer {
  readonly port: number
  /** Logon groups that were asked for. */
  readonly asked: string[]
  close(): Promise<void>
}

/** A message server that knows logon groups and the gateway that serves them; to other groups it says error 4. */
export async function startMessageServer(
  groups: Readonly<Record<string, { readonly host: string; readonly gatewayPort: number }>>,
): Promise<EmulatedMessageServer> {
  const sockets = new Set<Socket>()
  const asked: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    const frames = new NiFrameReader(512)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk, (payload) => {
        if (payload.length === 110) {
          if (payload[67] === 8) socket.write(niFrame(messageServerLoginAnswer()))
          return true
        }
        const group = payload.toString('latin1', 158, 154 + payload.readUInt32BE(154))
        asked.push(group)
        const found = groups[group]
        const answer = logonServerAnswer(group, found?.host ?? 'none', (found?.gatewayPort ?? 3_300) - 100)
        if (found === undefined) answer[111] = 4
        socket.write(niFrame(answer))
        return true
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
