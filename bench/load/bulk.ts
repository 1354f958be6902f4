import { connect, type Socket } from 'node:net'
import type { Entry } from '../peers/peer.ts'
import { requestHead } from './load.ts'
import { ResponseCounter } from './response-counter.ts'

const bytesPerWrite = 262_144
const block = Buffer.alloc(bytesPerWrite, 'landbridge')

/** Downloads the bulk body over one connection. @returns megabytes (10^6) per second, request to last byte */
export async function downloadBulk(entry: Entry, bytes: number): Promise<number> {
  const startedMs = performance.now()
  await exchange(entry, (socket) => {
    socket.write(requestHead(entry, 'GET', '/bulk'))
  })
  return speed(bytes, startedMs)
}

/** Uploads `bytes` over one connection. @returns megabytes (10^6) per second, first byte to the answer */
export async function uploadBulk(entry: Entry, bytes: number): Promise<number> {
  const startedMs = performance.now()
  await exchange(entry, (socket) => {
    socket.write(requestHead(entry, 'POST', '/upload', { 'Content-Length': String(bytes) }))
    let left = bytes
    const more = () => {
      while (left > 0) {
        const piece = left < bytesPerWrite ? block.subarray(0, left) : block
        left -= piece.length
        if (!socket.write(piece)) return void socket.once('drain', more)
      }
    }
    more()
  })
  return speed(bytes, startedMs)
}

/** One request and its whole response; the bytes land in one buffer that is used again and again. */
function exchange(entry: Entry, send: (socket: Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const counter = new ResponseCounter()
    const buffer = Buffer.allocUnsafe(bytesPerWrite)
    const socket = connect({
      port: entry.port,
      host: entry.host,
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          const complete = counter.push(buffer.subarray(0, length))
          if (complete === 0) return true
          if (complete < 0) reject(new Error(`bulk: answered ${buffer.toString('latin1', 0, Math.min(length, 400))}`))
          else resolve()
          socket.destroy()
          return false
        },
      },
    })
    socket.once('connect', () => send(socket))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('bulk: the connection ended before the response was complete')))
    socket.setTimeout(60_000, () => socket.destroy(new Error('bulk: nothing moved for a minute')))
  })
}

function speed(bytes: number, startedMs: number): number {
  return bytes / 1e6 / ((performance.now() - startedMs) / 1000)
}
