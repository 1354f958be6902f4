/**
 * The part of the message server protocol that finds the application server of a logon group: log in, ask, log out. All
 * records begin with a head of 110 bytes; lengths and offsets are those that public clients of the protocol use.
 */
const headBytes = 110
const requestBytes = 206
/** Longest answer that is read. */
export const maxMessageServerBytes = 512

const eyeCatcher = Buffer.from('**MESSAGE**\0', 'latin1')
const version = 4
const nameBytes = 40
const groupOpcode = 0x2c
const logonSelector = 0x34
/** Gateways listen a hundred ports above the dispatcher of their instance. */
const gatewayDistance = 100

/** Where a logon group is served. */
export interface LogonServer {
  readonly host: string
  readonly gatewayPort: number
  /** Two digits. */
  readonly instance: string
}

export function messageServerLogin(): Buffer {
  return head({ to: '-', flag: 2, kind: 8 })
}

export function messageServerLogout(): Buffer {
  return head({ to: '-', flag: 0, kind: 4 })
}

/** Asks for a server of a logon group, for RFC. @param group 1 to 40 printable ASCII characters */
export function logonGroupRequest(group: string): Buffer {
  const request = Buffer.alloc(requestBytes)
  head({ to: 'MSG_SERVER', flag: 2, kind: 1 }).copy(request)
  request[110] = groupOpcode
  request[112] = 1
  request.writeUInt32BE(group.length + 4, 154)
  request.write(group, 158, 'latin1')
  request[198] = 1
  request.writeUInt16BE(logonSelector, 202)
  return request
}

/** True for an answer that says no more than that the server listens. */
export function isMessageServerAnswer(payload: Buffer): boolean {
  return (
    payload.length >= headBytes &&
    payload.subarray(0, 12).equals(eyeCatcher) &&
    payload[12] === version &&
    payload[13] === 0
  )
}

/** Reads the answer to `logonGroupRequest`; a string says why it names no server. */
export function readLogonServer(payload: Buffer): LogonServer | string {
  if (!isMessageServerAnswer(payload)) return 'not an answer of a message server'
  if (payload.length < requestBytes || payload[110] !== groupOpcode) return 'not an answer to this question'
  if (payload[111] !== 0) return `the message server does not know the logon group (error ${payload[111]})`
  const dispatcherPort = payload.readUInt16BE(202)
  const hostBytes = payload.readUInt16BE(204)
  const host = payload.toString('latin1', requestBytes, requestBytes + hostBytes)
  if (dispatcherPort === 0 || dispatcherPort + gatewayDistance > 0xffff) return 'no usable port'
  if (host.length !== hostBytes || !/^[\x21-\x7e]{1,255}$/.test(host)) return 'no usable host'
  const instance = String(dispatcherPort % 100).padStart(2, '0')
  return { host, gatewayPort: dispatcherPort + gatewayDistance, instance }
}

/** The answer of a message server that serves this group from there; for the emulated one. */
export function logonServerAnswer(group: string, host: string, dispatcherPort: number): Buffer {
  const answer = Buffer.alloc(requestBytes + host.length + 1, 0x20)
  logonGroupRequest(group).copy(answer)
  head({ to: '-', from: 'MSG_SERVER', flag: 3, kind: 1 }).copy(answer)
  answer[113] = 3
  answer.writeUInt16BE(dispatcherPort, 202)
  answer.writeUInt16BE(host.length, 204)
  answer.write(host, requestBytes, 'latin1')
  return answer
}

/** The answer to a login; for the emulated message server. */
export function messageServerLoginAnswer(): Buffer {
  const answer = head({ to: '-', from: 'MSG_SERVER', flag: 2, kind: 8 })
  answer[57] = 1
  return answer
}

interface Head {
  readonly to: string
  readonly from?: string
  readonly flag: number
  readonly kind: number
}

function head({ to, from = '-', flag, kind }: Head): Buffer {
  const record = Buffer.alloc(headBytes)
  eyeCatcher.copy(record)
  record[12] = version
  record.write(from === '-' ? to : to.padEnd(nameBytes), 14, 'latin1')
  record[66] = flag
  record[67] = kind
  record.write(from.padEnd(nameBytes), 68, 'latin1')
  return record
}
