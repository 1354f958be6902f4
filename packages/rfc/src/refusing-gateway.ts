import { AppcFunction, readAppcRecord, writeAppcReply } from './appc-record.ts'
import { logonDenialReply } from './denial.ts'
import { readGatewayRecord, writeGatewayRecord } from './gateway-record.ts'
import { isNiKeepAlive, NiFrameReader, niFrame, niPing, niPong } from './ni-frames.ts'
import { defaultRfcLimits, type RfcGuardOutput } from './rfc-guard.ts'

const conversationId = '00000001'
const codePage = '4103'

/**
 * Speaks for a system that is not to be reached, just far enough to answer the logon with a text: an RFC client shows
 * what a gateway says, but only says "closed" about a connection that is closed. Nothing is forwarded anywhere.
 */
export class RefusingGateway {
  readonly #text: string
  readonly #output: Pick<RfcGuardOutput, 'toClient' | 'refused' | 'finished'>
  readonly #frames: NiFrameReader
  #isGreeted: boolean
  #isOver: boolean

  constructor(text: string, output: Pick<RfcGuardOutput, 'toClient' | 'refused' | 'finished'>) {
    this.#text = text
    this.#output = output
    this.#frames = new NiFrameReader(defaultRfcLimits.maxFrameBytes)
    this.#isGreeted = false
    this.#isOver = false
  }

  /** Bytes of the client, cut anywhere. */
  fromClient(chunk: Buffer): void {
    if (this.#isOver) return
    const isReadable = this.#frames.push(chunk, (payload) => this.#payload(payload))
    if (isReadable || this.#isOver) return
    this.#isOver = true
    this.#output.refused('not a conversation record')
  }

  /** False: stop reading. */
  #payload(payload: Buffer): boolean {
    if (isNiKeepAlive(payload)) {
      if (payload.equals(niPing)) this.#send(niPong)
      return true
    }
    if (!this.#isGreeted) return this.#greet(payload)
    const record = readAppcRecord(payload)
    switch (record?.function) {
      case AppcFunction.initialize:
      case AppcFunction.allocate:
        this.#send(writeAppcReply({ function: record.function, conversationId, connectionIndex: 1 }))
        return true
      case AppcFunction.setPartner:
        return true
      case AppcFunction.sapSend: {
        const data = logonDenialReply(this.#text, codePage)
        this.#send(
          writeAppcReply({ function: record.function, conversationId, connectionIndex: 1, data, isLast: true }),
        )
        this.#isOver = true
        this.#output.finished()
        return false
      }
      default:
        return false
    }
  }

  #greet(payload: Buffer): boolean {
    if (typeof readGatewayRecord(payload) === 'string') return false
    this.#isGreeted = true
    const names = { service: 'sapgw', logicalUnit: 'connector', program: 'sapgw' }
    const acceptInfo = (payload[55] ?? 0) | 0x70
    this.#send(writeGatewayRecord({ address: [0, 0, 0, 0], ...names, codePage, acceptInfo, level: 15 }))
    return true
  }

  #send(payload: Buffer): void {
    this.#output.toClient(niFrame(payload))
  }
}
