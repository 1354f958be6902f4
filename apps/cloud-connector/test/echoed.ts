import { connect } from 'node:net'

/** What the service behind a local port says, or the error code of the connection. */
export function echoed(port: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.on('error', (failure: NodeJS.ErrnoException) => resolve(String(failure.code)))
    socket.on('data', (bytes: Buffer) => {
      resolve(bytes.toString())
      socket.destroy()
    })
    socket.write('hello')
  })
}
