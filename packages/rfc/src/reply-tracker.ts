import { AppcFunction, appcHeadBytes, readAppcRecord } from './appc-record.ts'
import { isNiKeepAlive, niHeadBytes } from './ni-frames.ts'

/**
 * Follows the replies of a back end without holding them: where frames begin and end, which conversation and code page
 * it chose, and whether a reply is still owed. Keeps at most the head of one frame.
 */
export class ReplyTracker {
  /** Code page of the texts that the back end writes. */
  codePage: string
  conversationId: string
  connectionIndex: number
  /** Records of calls that were forwarded and whose reply has not ended. */
  isReplyOwed: boolean
  readonly #length: Buffer
  #lengthBytes: number
  readonly #head: Buffer
  #payloadBytes: number
  #announcedBytes: number
  #frames: number

  constructor() {
    this.codePage = '4103'
    this.conversationId = ''
    this.connectionIndex = 0
    this.isReplyOwed = false
    this.#length = Buffer.alloc(niHeadBytes)
    this.#lengthBytes = 0
    this.#head = Buffer.alloc(appcHeadBytes)
    this.#payloadBytes = 0
    this.#announcedBytes = 0
    this.#frames = 0
  }

  /** True while a frame is under way: nothing may be put in between. */
  get isInsideFrame(): boolean {
    return this.#lengthBytes > 0
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#lengthBytes < niHeadBytes) {
        const taken = chunk.copy(this.#length, this.#lengthBytes, at, at + niHeadBytes - this.#lengthBytes)
        this.#lengthBytes += taken
        at += taken
        this.#announcedBytes = this.#length.readUInt32BE(0)
        this.#payloadBytes = 0
      } else {
        const taken = Math.min(this.#announcedBytes - this.#payloadBytes, chunk.length - at)
        if (this.#payloadBytes < appcHeadBytes) chunk.copy(this.#head, this.#payloadBytes, at, at + taken)
        this.#payloadBytes += taken
        at += taken
      }
      if (this.#lengthBytes === niHeadBytes && this.#payloadBytes === this.#announcedBytes) this.#frame()
    }
  }

  #frame(): void {
    this.#lengthBytes = 0
    const head = this.#head.subarray(0, Math.min(this.#payloadBytes, appcHeadBytes))
    if (isNiKeepAlive(head)) return
    this.#frames++
    if (this.#frames === 1) {
      if (head.length >= 24) this.codePage = head.toString('latin1', 20, 24)
      return
    }
    const record = readAppcRecord(head)
    if (record === undefined) return
    if (record.function === AppcFunction.initialize) {
      this.conversationId = record.conversationId
      this.connectionIndex = record.connectionIndex
    }
    const carriesData = record.function === AppcFunction.sapSend || record.function === AppcFunction.receive
    if (record.returnCode !== 0 || (carriesData && record.isLast)) this.isReplyOwed = false
  }
}
