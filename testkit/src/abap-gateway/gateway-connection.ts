import type { Socket } from 'node:net'
import {
  AppcFunction,
  type AppcRecord,
  appcHeadBytes,
  isNiKeepAlive,
  NiFrameReader,
  niFrame,
  niPing,
  niPong,
  RfcTag,
  readAppcRecord,
  readGatewayRecord,
  writeAppcReply,
  writeGatewayRecord,
} from '@landbridge/rfc'
import type { AbapGateway, SeenCall } from './abap-gateway.ts'
import type { AbapSystem } from './abap-system.ts'
import { unscramblePassword } from './password.ts'
import { firstValue, importsOf, type RfcRequest, readRequest } from './read-request.ts'
import { callReply, logonReply } from './write-reply.ts'

/** Most data of one record: the length field of a reply has two bytes. */
const sliceBytes = 28_000
let conversations = 10_000_000

/** One client of the emulated gateway. */
export class GatewayConnection {
  readonly #socket: Socket
  readonly #system: AbapSystem
  readonly #seen: Pick<AbapGateway, 'calls' | 'partners' | 'received'>
  readonly #conversationId: string
  readonly #session: Map<string, string>
  #isGreeted: boolean
  #slices: Buffer[]
  #client: string
  #user: string
  #isLoggedOn: boolean
  #work: Promise<void>
  readonly #ended: AbortController

  constructor(socket: Socket, system: AbapSystem, seen: Pick<AbapGateway, 'calls' | 'partners' | 'received'>) {
    this.#socket = socket
    this.#system = system
    this.#seen = seen
    this.#conversationId = String(conversations++)
    this.#session = new Map()
    this.#isGreeted = false
    this.#slices = []
    this.#client = ''
    this.#user = ''
    this.#isLoggedOn = false
    this.#work = Promise.resolve()
    this.#ended = new AbortController()
    socket.on('close', () => this.#ended.abort())
    const frames = new NiFrameReader(8 * 1_024 * 1_024)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      seen.received.push(chunk)
      if (!frames.push(chunk, (payload) => this.#payload(payload))) socket.destroy()
    })
  }

  #payload(payload: Buffer): boolean {
    if (isNiKeepAlive(payload)) {
      if (payload.equals(niPing)) this.#socket.write(niFrame(niPong))
      return true
    }
    if (!this.#isGreeted) return this.#greet(payload)
    const record = readAppcRecord(payload)
    if (record === undefined) return false
    this.#record(record, payload)
    return true
  }

  #greet(payload: Buffer): boolean {
    if (typeof readGatewayRecord(payload) === 'string') return false
    this.#isGreeted = true
    this.#send(
      writeGatewayRecord({
        address: [127, 0, 0, 1],
        service: 'sapgw',
        codePage: '4103',
        logicalUnit: 'emulated',
        program: 'sapgw',
        acceptInfo: 0xfb,
        level: 15,
      }),
    )
    return true
  }

  #record(record: AppcRecord, payload: Buffer): void {
    const address = { conversationId: this.#conversationId, connectionIndex: 1 }
    const data = payload.subarray(appcHeadBytes)
    switch (record.function) {
      case AppcFunction.initialize:
        this.#seen.partners.push({
          host: fixedText(payload, appcHeadBytes + 105, 128) || fixedText(payload, 56, 8),
          program: fixedText(payload, 64, 8),
        })
        return this.#send(writeAppcReply({ function: record.function, ...address }))
      case AppcFunction.setPartner:
        this.#seen.partners.push({ host: fixedText(payload, appcHeadBytes, 128), program: '' })
        return
      case AppcFunction.allocate:
        return this.#send(writeAppcReply({ function: record.function, ...address }))
      case AppcFunction.asyncSendData:
        this.#slices.push(data)
        return
      case AppcFunction.sendData:
        this.#slices.push(data)
        return this.#send(writeAppcReply({ function: record.function, ...address }))
      case AppcFunction.sapSend:
      case AppcFunction.receive: {
        const message = Buffer.concat([...this.#slices, data])
        this.#slices = []
        this.#work = this.#work.then(() => this.#message(message)).catch(() => void this.#socket.destroy())
        return
      }
      case AppcFunction.deallocate:
        this.#socket.end()
        return
      default:
        this.#socket.destroy()
    }
  }

  async #message(message: Buffer): Promise<void> {
    const request = readRequest(message)
    const isLogon = request.isLogon && !this.#isLoggedOn
    const name = (firstValue(request, RfcTag.functionName) ?? Buffer.alloc(0))
      .toString(isLogon ? 'latin1' : 'utf16le')
      .trim()
    if (isLogon) this.#logOn(request)
    if (!this.#isLoggedOn) return this.#reply(logonReply(1))
    const seen: SeenCall = { function: name, client: this.#client, user: this.#user }
    this.#seen.calls.push(seen)
    if (isLogon && name === 'RFCPING') return this.#reply(logonReply(0))
    const imports = importsOf(request)
    const called = this.#system.functions[name]
    const result = await (called === undefined
      ? { kind: 'exception' as const, key: 'CALL_FUNCTION_NOT_FOUND' }
      : called.run({
          client: this.#client,
          user: this.#user,
          session: this.#session,
          signal: this.#ended.signal,
          text: (parameter) => (imports.get(parameter) ?? Buffer.alloc(0)).toString('utf16le').trimEnd(),
          bytes: (parameter) => imports.get(parameter) ?? Buffer.alloc(0),
        }))
    if (result.kind === 'close') this.#socket.destroy()
    else this.#reply(callReply(result, called?.parameters))
  }

  #logOn(request: RfcRequest): void {
    const client = (firstValue(request, RfcTag.client) ?? Buffer.alloc(0)).toString('latin1')
    const user = (firstValue(request, RfcTag.user) ?? Buffer.alloc(0)).toString('latin1').toUpperCase()
    const password = unscramblePassword(firstValue(request, RfcTag.password) ?? Buffer.alloc(0))
    this.#client = client
    this.#user = user
    this.#isLoggedOn = this.#system.users.some(
      (known) => known.client === client && known.user.toUpperCase() === user && known.password === password,
    )
  }

  #reply(message: Buffer): void {
    const address = { conversationId: this.#conversationId, connectionIndex: 1 }
    for (let at = 0; at < message.length; at += sliceBytes) {
      const data = message.subarray(at, at + sliceBytes)
      const isLast = at + sliceBytes >= message.length
      const kind = at === 0 ? AppcFunction.sapSend : AppcFunction.receive
      this.#send(writeAppcReply({ function: kind, ...address, data, isLast }))
    }
  }

  #send(payload: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(niFrame(payload))
  }
}

function fixedText(payload: Buffer, offset: number, length: number): string {
  return payload.toString('latin1', offset, offset + length).replace(/[\0 ]+$/, '')
}
