import { connect } from 'node:net'
import {
  isMessageServerAnswer,
  type LogonServer,
  logonGroupRequest,
  maxMessageServerBytes,
  messageServerLogin,
  messageServerLogout,
  NiFrameReader,
  niFrame,
  readLogonServer,
} from '@landbridge/rfc'

export interface LogonGroup {
  readonly host: string
  readonly port: number
  readonly group: string
  readonly timeoutMs: number
}

/**
 * Asks a message server for an application server of a logon group (guide L21312). The cloud side never learns its name.
 * @throws Error with `code`: that of the socket, or `MESSAGE_SERVER` with the reason as message
 */
export function findServer({ host, port, group, timeoutMs }: LogonGroup): Promise<LogonServer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const frames = new NiFrameReader(maxMessageServerBytes)
    let isLoggedIn = false
    const fail = (message: string, code = 'MESSAGE_SERVER'): void => {
      socket.destroy()
      reject(Object.assign(new Error(message), { code }))
    }
    const answer = (payload: Buffer): boolean => {
      if (!isLoggedIn) {
        if (!isMessageServerAnswer(payload)) return false
        isLoggedIn = true
        socket.write(niFrame(logonGroupRequest(group)))
        return true
      }
      const server = readLogonServer(payload)
      if (typeof server === 'string') fail(server)
      else {
        socket.end(niFrame(messageServerLogout()))
        resolve(server)
      }
      return typeof server !== 'string'
    }
    socket.setTimeout(timeoutMs, () => fail('timeout', 'ETIMEDOUT'))
    socket.on('error', (cause: NodeJS.ErrnoException) => fail(cause.message, cause.code))
    socket.on('close', () => fail('closed', 'ECONNRESET'))
    socket.once('connect', () => socket.write(niFrame(messageServerLogin())))
    socket.on('data', (chunk: Buffer) => {
      if (!frames.push(chunk, answer)) fail('not an answer of a message server')
    })
  })
}
