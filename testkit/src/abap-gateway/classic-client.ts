import { connect, type Socket } from 'node:net'
import {
  AppcFunction,
  appcHeadBytes,
  logonSignature,
  NiFrameReader,
  niFrame,
  type RfcElement,
  RfcTag,
  readAppcRecord,
  writeChain,
  writeGatewayRecord,
} from '@landbridge/rfc'
import { scramblePassword } from './password.ts'

/** What a system answered. */
export interface ClassicReply {
  /** Exports as text, without the blanks at their end. */
  readonly exports: ReadonlyMap<string, string>
  /** Number of rows of each table. */
  readonly rows: ReadonlyMap<string, number>
}

/** The text of an error that came as reply. */
export class ClassicRfcError extends Error {
  override readonly name = 'ClassicRfcError'
  /** Key of an ABAP exception; '' for other errors. */
  readonly key: string

  constructor(text: string, key: string) {
    super(text)
    this.key = key
  }
}

export interface ClassicLogon {
  readonly client: string
  readonly user: string
  readonly password: string
  /** What the logon calls; clients call RFCPING. */
  readonly functionName?: string
  readonly host?: string
  readonly instance?: string
}

/** Longest message that goes out in one record. */
const sliceBytes = 28_000
const startValue = { logon: Buffer.from('0301010101010000', 'hex') } as const
const capabilities = Buffer.from('04010003000a0200000023', 'hex')

/** A client of the classic RFC protocol that does what tests need: exact records, whole calls, and mistakes on purpose. */
export class ClassicClient {
  readonly socket: Socket
  readonly #frames: NiFrameReader
  readonly #received: Buffer[]
  #wake: () => void
  #isClosed: boolean
  #conversationId: string
  #connectionIndex: number

  /** @param first bytes that came before this client took over. */
  constructor(socket: Socket, first: Buffer = Buffer.alloc(0)) {
    this.socket = socket
    this.#frames = new NiFrameReader(8 * 1_024 * 1_024)
    this.#received = []
    this.#wake = () => {}
    this.#isClosed = false
    this.#conversationId = ''
    this.#connectionIndex = 0xffff
    const read = (chunk: Buffer): void => {
      this.#frames.push(chunk, (payload) => this.#received.push(payload) > 0)
      this.#wake()
    }
    const closed = (): void => {
      this.#isClosed = true
      this.#wake()
    }
    socket.setNoDelay(true)
    socket.on('data', read).on('end', closed).on('close', closed).on('error', closed)
    if (first.length > 0) read(first)
    socket.resume()
  }

  static async connect(port: number): Promise<ClassicClient> {
    const socket = connect({ port, host: '127.0.0.1' })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new ClassicClient(socket)
  }

  /** Opens a conversation and logs on. @throws ClassicRfcError with what the system says */
  async logOn(logon: ClassicLogon): Promise<void> {
    await this.converse(logon.host, logon.instance)
    const reply = await this.send(logonMessage(logon))
    const status = reply.find(({ tag }) => tag === RfcTag.logonStatus)?.value
    throwError(reply)
    if (status === undefined || status[0] !== 0) throw new ClassicRfcError('logon failed', '')
  }

  /** Greeting, conversation, partner: everything before the logon. */
  async converse(host = 'virtual', instance = '00'): Promise<void> {
    const names = { service: 'classic', logicalUnit: 'test', program: 'classic' }
    this.record(writeGatewayRecord({ address: [127, 0, 0, 1], ...names, codePage: '1100', acceptInfo: 0xcb, level: 6 }))
    await this.receive()
    this.record(initializeRecord({ host, program: `sapdp${instance}` }))
    const head = readAppcRecord(await this.receive())
    if (head === undefined) throw new Error('not a record')
    this.#conversationId = head.conversationId
    this.#connectionIndex = head.connectionIndex
    this.record(this.head(AppcFunction.allocate, 0))
    await this.receive()
  }

  /** Calls a function module. */
  async call(name: string, imports: Readonly<Record<string, string>> = {}): Promise<ClassicReply> {
    const reply = await this.send(callMessage(name, imports))
    throwError(reply)
    const exports = new Map<string, string>()
    const rows = new Map<string, number>()
    reply.forEach(({ tag, value }, index) => {
      const next = reply[index + 1]?.value ?? Buffer.alloc(0)
      if (tag === RfcTag.parameterName) exports.set(value.toString('utf16le'), next.toString('utf16le').trimEnd())
      if (tag === RfcTag.tableName) rows.set(value.toString('utf16le'), next.readUInt32BE(4))
    })
    return { exports, rows }
  }

  /** Sends a message as one record or as slices, and reads the whole reply. */
  async send(message: Buffer): Promise<Required<RfcElement>[]> {
    if (message.length <= sliceBytes) this.record(Buffer.concat([this.head(AppcFunction.sapSend, 8), message]))
    else await this.slices(message.subarray(0, message.length - 8))
    return this.reply()
  }

  /** Sends slices as clients do: after every 21 a synchronous one, whose acknowledgement is awaited; then the end. */
  async slices(message: Buffer): Promise<void> {
    let sent = 0
    for (let at = 0; at < message.length; at += sliceBytes) {
      const isSynchronous = ++sent % 22 === 0
      const kind = isSynchronous ? AppcFunction.sendData : AppcFunction.asyncSendData
      this.record(Buffer.concat([this.head(kind, 0), message.subarray(at, at + sliceBytes)]))
      if (isSynchronous) await this.receive()
    }
    this.record(this.head(AppcFunction.receive, 0))
  }

  /** Reads records until the last one of a reply. */
  async reply(): Promise<Required<RfcElement>[]> {
    const parts: Buffer[] = []
    for (;;) {
      const record = await this.receive()
      parts.push(record.subarray(appcHeadBytes))
      if (readAppcRecord(record)?.isLast === true) return readReply(Buffer.concat(parts))
    }
  }

  /** The head of a record of this conversation. */
  head(kind: number, parameterBytes: number): Buffer {
    const head = Buffer.alloc(appcHeadBytes)
    head[0] = 6
    head[1] = kind
    head[2] = 3
    head.writeUInt16BE(parameterBytes, 26)
    head[30] = 5
    head[31] = 0x0c
    head.write(this.#conversationId.padEnd(8), 40, 'latin1')
    head.writeUInt16BE(this.#connectionIndex, 78)
    return head
  }

  /** Writes a payload in its frame. */
  record(payload: Buffer): void {
    this.socket.write(niFrame(payload))
  }

  /** The next payload. @throws Error once the connection is closed */
  async receive(): Promise<Buffer> {
    for (;;) {
      const payload = this.#received.shift()
      if (payload !== undefined) return payload
      if (this.#isClosed) throw new Error('connection closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Resolves when the other side closed the connection. */
  async closed(): Promise<void> {
    while (!this.#isClosed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  close(): void {
    this.socket.destroy()
  }
}

/** The message of a logon, with its tail. */
export function logonMessage(logon: ClassicLogon): Buffer {
  const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
  return withTail(
    Buffer.concat([
      logonSignature,
      first(RfcTag.start, startValue.logon),
      chain(RfcTag.start, [
        { tag: RfcTag.protocolVersion, value: Buffer.from('00000e09', 'hex') },
        { tag: RfcTag.capabilities, value: capabilities },
        { tag: RfcTag.session, value: Buffer.alloc(16, 7) },
        { tag: RfcTag.client, value: ascii(logon.client) },
        { tag: RfcTag.user, value: ascii(logon.user) },
        { tag: RfcTag.password, value: scramblePassword(logon.password, 4_711) },
        { tag: RfcTag.language, value: ascii('E') },
        { tag: RfcTag.unicode, value: Buffer.of(1) },
        { tag: RfcTag.program, value: ascii('classic') },
        { tag: RfcTag.call },
        { tag: RfcTag.kernel, value: ascii('754') },
        { tag: RfcTag.functionName, value: ascii(logon.functionName ?? 'RFCPING') },
      ]),
    ]),
  )
}

/** The message of a call, with its tail. `extra` elements stand at the end. */
export function callMessage(
  name: string,
  imports: Readonly<Record<string, string>> = {},
  extra: readonly RfcElement[] = [],
): Buffer {
  const text = (value: string): Buffer => Buffer.from(value, 'utf16le')
  const parameters = Object.entries(imports).flatMap(([parameter, value]) => [
    { tag: RfcTag.parameterName, value: text(parameter) },
    { tag: RfcTag.parameterValue, value: text(value) },
  ])
  return withTail(
    Buffer.concat([
      first(RfcTag.call, Buffer.alloc(0)),
      chain(RfcTag.call, [
        { tag: RfcTag.kernel, value: text('754') },
        { tag: RfcTag.functionName, value: text(name) },
        { tag: RfcTag.callContext },
        ...parameters,
        ...extra,
      ]),
    ]),
  )
}

/** A record "initialize" for a conversation with this program; `kind` is I for an ABAP system. */
export function initializeRecord({
  host,
  program,
  kind = 0x49,
}: {
  host: string
  program: string
  kind?: number
}): Buffer {
  const record = Buffer.alloc(appcHeadBytes + 373)
  record[0] = 6
  record[1] = AppcFunction.initialize
  record[2] = 3
  record[10] = 1
  record.writeUInt16BE(373, 26)
  record.write(' '.repeat(8), 40, 'latin1')
  record.write('CLASSIC '.padEnd(8), 48, 'latin1')
  record.write(host.slice(0, 8).padEnd(8), 56, 'latin1')
  record.write(program.padEnd(8), 64, 'latin1')
  record[72] = kind
  record[73] = 1
  record.writeUInt16BE(0xffff, 78)
  record.write(host, appcHeadBytes + 105, 'latin1')
  record.write(program, appcHeadBytes + 309, 'latin1')
  return record
}

function first(tag: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(tag, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}

function chain(previous: number, elements: readonly RfcElement[]): Buffer {
  return Buffer.concat([writeChain(previous, [...elements, { tag: RfcTag.end }]), Buffer.of(0xff, 0xff)])
}

function withTail(message: Buffer): Buffer {
  const tail = Buffer.alloc(8)
  tail.writeUInt16BE(message.length & 0xffff, 2)
  tail.writeUInt32BE(0x8500, 4)
  return Buffer.concat([message, tail])
}

function readReply(message: Buffer): Required<RfcElement>[] {
  const elements: Required<RfcElement>[] = []
  let tag = message.readUInt16BE(0)
  let at = 4 + message.readUInt16BE(2)
  for (;;) {
    if (message.readUInt16BE(at) !== tag) throw new Error('broken reply')
    tag = message.readUInt16BE(at + 2)
    if (tag === RfcTag.end) return elements
    let length = message.readUInt16BE(at + 4)
    at += 6
    if (length === 0xffff) {
      length = message.readUInt32BE(at)
      at += 4
    }
    elements.push({ tag, value: message.subarray(at, at + length) })
    at += length
  }
}

function throwError(reply: readonly Required<RfcElement>[]): void {
  const text = (tag: number): string | undefined => reply.find((entry) => entry.tag === tag)?.value.toString('utf16le')
  const key = text(RfcTag.exceptionKey)
  const message = text(RfcTag.errorText)
  if (key !== undefined || message !== undefined) throw new ClassicRfcError(message ?? key ?? '', key ?? '')
}
