import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A deadline for tests that would hang otherwise; never part of what is asserted. */
const patienceMs = 30_000

/** One HTTP answer as it stood on the wire. */
export interface WireAnswer {
  readonly statusLine: string
  readonly status: number
  /** Header lines as sent, in order. */
  readonly lines: readonly string[]
  /** The content, with the chunked coding removed. */
  readonly body: Buffer
  /** The body's bytes as sent. */
  readonly rawBody: Buffer
  /** Value of the first header line with this name, without regard to case. */
  header(name: string): string | undefined
}

/** A socket of a test: exact bytes out, exact bytes in, and waiting for what is expected. */
export class WireSocket {
  readonly socket: Socket
  #received: Buffer
  #ended: boolean
  #failure: Error | null
  #wake: () => void
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    this.socket = socket
    this.#received = Buffer.alloc(0)
    this.#ended = false
    this.#failure = null
    this.#wake = () => {}
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#wake()
    })
    socket.on('error', (cause) => {
      this.#failure = cause
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true
        this.#wake()
        resolve()
      })
    })
  }

  static async connect(port: number): Promise<WireSocket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    return new WireSocket(socket)
  }

  /** True when the peer broke the connection instead of ending it. */
  get isBroken(): boolean {
    return this.#failure !== null
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Sends every byte for itself, each in an own packet as far as the system allows. */
  async sendByteByByte(bytes: string | Buffer): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    for (let i = 0; i < all.length; i++) {
      this.socket.write(all.subarray(i, i + 1))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Ends the sending direction. */
  end(bytes?: string | Buffer): void {
    if (bytes !== undefined) this.send(bytes)
    this.socket.end()
  }

  /** Breaks the connection with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Takes exactly so many bytes. */
  async read(bytes: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= bytes, `${bytes} bytes`)
    return this.#take(bytes)
  }

  /** Takes bytes up to and including `mark`. */
  async readThrough(mark: string): Promise<string> {
    let at = -1
    await this.#until(() => {
      at = this.#received.indexOf(mark, 0, 'latin1')
      return at >= 0
    }, JSON.stringify(mark))
    return this.#take(at + mark.length).toString('latin1')
  }

  /** A request or response head with its empty line. */
  readHead(): Promise<string> {
    return this.readThrough('\r\n\r\n')
  }

  /** Everything up to the peer's end. A broken connection counts as an end here; look at `isBroken`. */
  async readToEnd(): Promise<Buffer> {
    await this.#until(() => this.#ended || this.#failure !== null, 'the end', true)
    return this.#take(this.#received.length)
  }

  /** What has arrived and was not read yet. */
  get waiting(): Buffer {
    return this.#received
  }

  /** One answer; interim ones are returned by a call of their own. */
  async readAnswer(method = 'GET'): Promise<WireAnswer> {
    const [statusLine = '', ...rest] = (await this.readHead()).split('\r\n')
    const lines = rest.slice(0, -2)
    const status = Number(statusLine.split(' ')[1])
    const header = (name: string): string | undefined => {
      const line = lines.find((entry) => entry.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      return line?.slice(name.length + 1).trim()
    }
    const bodies = await this.#readBody(method, status, header)
    return { statusLine, status, lines, header, ...bodies }
  }

  async #readBody(
    method: string,
    status: number,
    header: (name: string) => string | undefined,
  ): Promise<{ body: Buffer; rawBody: Buffer }> {
    const nothing = Buffer.alloc(0)
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
      return { body: nothing, rawBody: nothing }
    if (header('transfer-encoding') === 'chunked') return this.#readChunks()
    const length = header('content-length')
    const body = length === undefined ? await this.readToEnd() : await this.read(Number(length))
    return { body, rawBody: body }
  }

  async #readChunks(): Promise<{ body: Buffer; rawBody: Buffer }> {
    const body: Buffer[] = []
    const raw: Buffer[] = []
    for (;;) {
      const line = await this.readThrough('\r\n')
      raw.push(Buffer.from(line, 'latin1'))
      const size = Number.parseInt(line, 16)
      if (size === 0) break
      const chunk = await this.read(size + 2)
      raw.push(chunk)
      body.push(chunk.subarray(0, size))
    }
    for (let line = ''; line !== '\r\n'; ) {
      line = await this.readThrough('\r\n')
      raw.push(Buffer.from(line, 'latin1'))
    }
    return { body: Buffer.concat(body), rawBody: Buffer.concat(raw) }
  }

  #take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes)
    this.#received = this.#received.subarray(bytes)
    return taken
  }

  async #until(isThere: () => boolean, what: string, endIsFine = false): Promise<void> {
    const deadline = Date.now() + patienceMs
    while (!isThere()) {
      if (!endIsFine && (this.#ended || this.#failure !== null)) throw this.#missing(what, 'the connection ended')
      const late = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), deadline - Date.now())
        this.#wake = () => {
          clearTimeout(timer)
          resolve(false)
        }
      })
      if (late) throw this.#missing(what, 'nothing more came')
    }
  }

  #missing(what: string, why: string): Error {
    const seen = this.#received.subarray(0, 400).toString('latin1')
    return new Error(`expected ${what}, but ${why} after ${JSON.stringify(seen)}`, { cause: this.#failure })
  }
}
