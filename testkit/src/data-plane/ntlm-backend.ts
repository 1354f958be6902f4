import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { startHttpBackend, type TestBackend } from './backends.ts'

/** What every user of the backend logs on with, and its hash (MD4 of the UTF-16 text), which is what NTLM works with. */
export const ntlmPassword = 'password'
const passwordHash = Buffer.from('8846f7eaee8fb117ad06bdd830b7586c', 'hex')

const signature = Buffer.from('NTLMSSP\0', 'latin1')
/** Unicode, NTLM, extended session security, target information (MS-NLMP section 2.2.2.5). */
const flags = 0x0000_0001 | 0x0000_0004 | 0x0000_0200 | 0x0008_0000 | 0x0080_0000
const targetInformation = Buffer.concat([attribute(2, 'TEST'), Buffer.alloc(4)])

/** What a socket is in the course of its log-on: challenged, or somebody's. */
interface Logon {
  challenge: Buffer | null
  user: string
}

export interface NtlmBackend extends TestBackend {
  /** Connections so far. */
  readonly accepted: number
  /** Connections that are open now. */
  readonly open: number
  /** Closes those that are open, as after a time without requests. */
  hangUp(): void
}

/**
 * An internal system that logs on connections, not requests: NTLM version 2 over HTTP (MS-NTHT), as web servers of
 * Windows do it. Who is logged on is answered by name, everybody else with 401. `/open` asks nobody who they are and
 * says whose connection it is all the same. With `X-Close` it closes the connection behind its answer.
 */
export async function startNtlmBackend(scheme: 'NTLM' | 'Negotiate' = 'NTLM'): Promise<NtlmBackend> {
  const logons = new WeakMap<Socket, Logon>()
  let accepted = 0
  let open = 0
  const backend = await startHttpBackend((request, response) => {
    const logon = logons.get(request.socket) ?? { challenge: null, user: '' }
    logons.set(request.socket, logon)
    request.resume().on('end', () => answer(scheme, logon, request, response))
  })
  backend.server.keepAliveTimeout = 60_000
  backend.server.on('connection', (socket: Socket) => {
    accepted++
    open++
    socket.on('close', () => open--)
  })
  return {
    port: backend.port,
    close: () => backend.close(),
    hangUp: () => backend.server.closeIdleConnections(),
    get accepted() {
      return accepted
    },
    get open() {
      return open
    },
  }
}

function answer(scheme: string, logon: Logon, request: IncomingMessage, response: ServerResponse): void {
  const [sent = '', text = ''] = (request.headers.authorization ?? '').split(' ')
  if (sent.toLowerCase() === scheme.toLowerCase()) {
    const message = Buffer.from(text, 'base64')
    const type = message.length < 12 || !message.subarray(0, 8).equals(signature) ? 0 : message.readUInt32LE(8)
    if (type === 1) return challenge(scheme, logon, response)
    logon.user = type === 3 ? userOf(message, logon.challenge) : ''
    logon.challenge = null
  }
  if (logon.user === '' && request.url !== '/open') {
    response.writeHead(401, { 'WWW-Authenticate': scheme, 'Content-Length': 0 }).end()
    return
  }
  if (request.headers['x-close'] !== undefined) response.setHeader('Connection', 'close')
  response.end(logon.user === '' ? 'nobody' : logon.user)
}

function challenge(scheme: string, logon: Logon, response: ServerResponse): void {
  logon.challenge = randomBytes(8)
  logon.user = ''
  const head = Buffer.alloc(48)
  signature.copy(head)
  head.writeUInt32LE(2, 8)
  head.writeUInt32LE(head.length, 16)
  head.writeUInt32LE(flags, 20)
  logon.challenge.copy(head, 24)
  head.writeUInt16LE(targetInformation.length, 40)
  head.writeUInt16LE(targetInformation.length, 42)
  head.writeUInt32LE(head.length, 44)
  const text = Buffer.concat([head, targetInformation]).toString('base64')
  response.writeHead(401, { 'WWW-Authenticate': `${scheme} ${text}`, 'Content-Length': 0 }).end()
}

/** '' unless the message proves knowledge of the password for the challenge of this very connection. */
function userOf(message: Buffer, challenged: Buffer | null): string {
  if (challenged === null) return ''
  const response = field(message, 20)
  const domain = field(message, 28).toString('utf16le')
  const user = field(message, 36).toString('utf16le')
  if (response.length < 32) return ''
  return timingSafeEqual(proof(user, domain, challenged, response.subarray(16)), response.subarray(0, 16)) ? user : ''
}

/** The first message of a log-on, as the value of `Authorization`. */
export function ntlmBegin(scheme: 'NTLM' | 'Negotiate' = 'NTLM'): string {
  const message = Buffer.alloc(32)
  signature.copy(message)
  message.writeUInt32LE(1, 8)
  message.writeUInt32LE(flags, 12)
  return `${scheme} ${message.toString('base64')}`
}

/** The third message. @param challenge the value of `WWW-Authenticate`, which is the second. */
export function ntlmFinish(challenge: string, user: string): string {
  const [scheme = '', text = ''] = challenge.split(' ')
  const received = Buffer.from(text, 'base64')
  const blob = Buffer.concat([
    Buffer.from('0101000000000000', 'hex'),
    randomBytes(16),
    Buffer.alloc(4),
    field(received, 40),
  ])
  const response = Buffer.concat([proof(user, '', received.subarray(24, 32), blob), blob])
  const name = Buffer.from(user, 'utf16le')
  const message = Buffer.alloc(64)
  signature.copy(message)
  message.writeUInt32LE(3, 8)
  let at = message.length
  for (const [offset, value] of [
    [12, ''],
    [20, response],
    [28, ''],
    [36, name],
    [44, ''],
    [52, ''],
  ] as const) {
    message.writeUInt16LE(value.length, offset)
    message.writeUInt16LE(value.length, offset + 2)
    message.writeUInt32LE(at, offset + 4)
    at += value.length
  }
  message.writeUInt32LE(flags, 60)
  return `${scheme} ${Buffer.concat([message, response, name]).toString('base64')}`
}

/** NTProofStr (MS-NLMP section 3.3.2). */
function proof(user: string, domain: string, challenged: Buffer, blob: Buffer): Buffer {
  const key = createHmac('md5', passwordHash)
    .update(Buffer.from(user.toUpperCase() + domain, 'utf16le'))
    .digest()
  return createHmac('md5', key).update(challenged).update(blob).digest()
}

/** The bytes that the descriptor (length, room, offset) at `at` stands for. */
function field(message: Buffer, at: number): Buffer {
  if (message.length < at + 8) return Buffer.alloc(0)
  const start = message.readUInt32LE(at + 4)
  return message.subarray(start, start + message.readUInt16LE(at))
}

function attribute(id: number, text: string): Buffer {
  const value = Buffer.from(text, 'utf16le')
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(value.length, 2)
  return Buffer.concat([head, value])
}
