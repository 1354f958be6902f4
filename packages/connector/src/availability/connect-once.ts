import { connect, type Socket } from 'node:net'
import type { Clock } from '@landbridge/kernel'
import { errorCode } from '../dial/dial-tls.ts'

/** An open TCP connection, or the symbolic reason why there is none. The name is resolved anew. Never rejects. */
export function connectOnce(
  host: string,
  port: number,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (result: Socket | string): void => {
      cancel()
      socket.off('connect', opened).off('error', failed)
      if (typeof result === 'string') socket.on('error', () => {}).destroy()
      resolve(result)
    }
    const opened = (): void => settle(socket)
    const failed = (cause: Error): void => settle(errorCode(cause))
    const cancel = clock.after(timeoutMs, () => settle('ETIMEDOUT'))
    socket.once('connect', opened).once('error', failed)
  })
}
