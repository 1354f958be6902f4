// The backend's process: takes uploads, echoes bytes, and serves the web part where nginx is missing.
// Arguments: size of the bulk body in bytes. Prints one line of JSON with its ports.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

const bulkBytes = Number(process.argv[2])
const block = Buffer.alloc(262_144, 'landbridge')
const small = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 71\r\n\r\n${'0123456789'.repeat(7)}\n`,
)
const bulkHead = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${bulkBytes}\r\n\r\n`)
const taken = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
const headEnd = Buffer.from('\r\n\r\n')

/** Answers GET /small and GET /bulk; requests have no body, so a head is a request. */
function serveWeb(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(headEnd); end >= 0; end = rest.indexOf(headEnd)) {
      if (rest.indexOf('/bulk') > 0 && rest.indexOf('/bulk') < end) sendBulk(socket)
      else socket.write(small)
      rest = rest.subarray(end + 4)
    }
  })
}

function sendBulk(socket: Socket): void {
  let left = bulkBytes
  const more = () => {
    while (left > 0) {
      const piece = left < block.length ? block.subarray(0, left) : block
      left -= piece.length
      if (!socket.write(piece)) return void socket.once('drain', more)
    }
  }
  socket.write(bulkHead)
  more()
}

/** Counts body bytes and answers when Content-Length bytes have arrived. */
function serveUpload(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0)
  let left = -1
  socket.on('data', (chunk) => {
    let body: Buffer = chunk
    if (left < 0) {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf(headEnd)
      if (end < 0) return
      left = Number(/content-length: *(\d+)/i.exec(head.toString('latin1', 0, end))?.[1] ?? 0)
      body = head.subarray(end + 4)
      head = Buffer.alloc(0)
    }
    left -= body.length
    if (left > 0) return
    left = -1
    socket.write(taken)
  })
}

function serveEcho(socket: Socket): void {
  socket.on('data', (chunk) => socket.write(chunk))
}

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  return (server.address() as AddressInfo).port
}

const ports = {
  webPort: await listen(serveWeb),
  uploadPort: await listen(serveUpload),
  echoPort: await listen(serveEcho),
}
process.stdout.write(`${JSON.stringify(ports)}\n`)
