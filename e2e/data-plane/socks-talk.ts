import assert from 'node:assert/strict'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import type { DataPlane, WireSocket } from '@landbridge/testkit'

export interface Wish {
  readonly host?: string
  readonly port?: number
  readonly token?: string
  readonly locationId?: string
}

/** Everything that a client sends before its payload. */
export async function opening(plane: DataPlane, wish: Wish = {}): Promise<Buffer> {
  const token = wish.token ?? (await plane.token())
  return Buffer.concat([
    socks5Greeting(),
    socks5AuthRequest(token, wish.locationId),
    socks5ConnectRequest(wish.host ?? 'tcp.virtual', wish.port ?? 9000),
  ])
}

/** The replies to an opening up to the CONNECT reply with this status. */
export function replies(status: number): string {
  return `05800100${connectReply(status)}`
}

export function connectReply(status: number): string {
  return `05${status.toString(16).padStart(2, '0')}0001000000000000`
}

/** A client whose connection to the system is open. */
export async function connected(plane: DataPlane, wish: Wish = {}): Promise<WireSocket> {
  const client = await plane.socksClient()
  client.send(await opening(plane, wish))
  assert.equal((await client.read(14)).toString('hex'), replies(0))
  return client
}

/** All that the proxy says to these bytes until it closes. */
export async function conversation(plane: DataPlane, bytes: Buffer): Promise<string> {
  const client = await plane.socksClient()
  client.send(bytes)
  const said = await client.readToEnd()
  client.destroy()
  return said.toString('hex')
}
