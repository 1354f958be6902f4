import { AppcFunction, type AppcRecord, appcHeadBytes, readAppcRecord, writeAppcReply } from './appc-record.ts'
import { denialReply, logonDenialReply } from './denial.ts'
import { readGatewayRecord } from './gateway-record.ts'
import { isNiKeepAlive, NiFrameReader, niFrame } from './ni-frames.ts'
import { type RfcPartner, redirectInitialize, redirectPartner } from './partner.ts'
import { ReplyTracker } from './reply-tracker.ts'
import { readFunctionName, readText } from './rfc-text.ts'
import { TagChain } from './tag-chain.ts'

/** A refusal that the caller is told in the conversation. */
export interface RfcDenial {
  readonly text: string
  /** The connection ends behind the answer. */
  readonly isFinal: boolean
}

/** Who decides. Asked for every message, so that a change counts from the next call on. */
export interface RfcRules {
  /** Before the logon reaches the back end; '' where the message names none. */
  logon(client: string, user: string): RfcDenial | undefined
  /** Before the call reaches the back end. */
  call(functionName: string): RfcDenial | undefined
}

/** Where the guard sends bytes and what it tells. The buffers may be kept. */
export interface RfcGuardOutput {
  toServer(bytes: Buffer): void
  toClient(bytes: Buffer): void
  /** The reply to a call has been passed on to its end. */
  replied?(): void
  /** The stream cannot be judged, or says what no mapping allows; nothing of it passes any more. Called once. */
  refused(reason: string): void
  /** Behind a denial that ends the connection: no further byte may pass. Called once. */
  finished(): void
}

export interface RfcLimits {
  /** Longest payload of a frame of the client. */
  readonly maxFrameBytes: number
  /** Most bytes of a message that are held until its function is known. */
  readonly maxHeldBytes: number
}

export const defaultRfcLimits: RfcLimits = { maxFrameBytes: 256 * 1_024, maxHeldBytes: 512 * 1_024 }

/** A call or logon whose end has not come. */
interface OpenMessage {
  readonly chain: TagChain
  /** Records that wait for the decision. */
  held: Buffer[]
  heldBytes: number
  state: 'undecided' | 'allowed' | 'denied'
  denial: RfcDenial | undefined
}

function newMessage(): OpenMessage {
  return { chain: new TagChain(), held: [], heldBytes: 0, state: 'undecided', denial: undefined }
}

type Phase = 'greeting' | 'conversation' | 'over'

/**
 * Stands between a client and an ABAP gateway and reads the classic RFC protocol far enough to know which function runs
 * for whom. Whatever it cannot read does not pass. It owns no socket and holds a bounded number of bytes:
 *
 * - the record that makes the back end execute is held until the whole message has been walked and is allowed;
 * - earlier slices of a long message pass as soon as its function is known and allowed;
 * - a denied message never reaches the back end: the caller gets the reason as reply and may go on.
 */
export class RfcGuard {
  readonly #rules: RfcRules
  readonly #partner: RfcPartner
  readonly #output: RfcGuardOutput
  readonly #limits: RfcLimits
  readonly #frames: NiFrameReader
  readonly #replies: ReplyTracker
  #phase: Phase
  #isInitialized: boolean
  #isLoggedOn: boolean
  #message: OpenMessage | null

  constructor(rules: RfcRules, partner: RfcPartner, output: RfcGuardOutput, limits: RfcLimits = defaultRfcLimits) {
    this.#rules = rules
    this.#partner = partner
    this.#output = output
    this.#limits = limits
    this.#frames = new NiFrameReader(limits.maxFrameBytes)
    this.#replies = new ReplyTracker()
    this.#phase = 'greeting'
    this.#isInitialized = false
    this.#isLoggedOn = false
    this.#message = null
  }

  /** Bytes of the client, cut anywhere. */
  fromClient(chunk: Buffer): void {
    if (this.#phase === 'over') return
    const isReadable = this.#frames.push(chunk, (payload) => {
      this.#payload(payload)
      return this.#phase !== 'over'
    })
    if (!isReadable) this.#refuse('frame longer than allowed')
  }

  /** Bytes of the back end, cut anywhere; they pass as they are. */
  fromServer(chunk: Buffer): void {
    if (this.#phase === 'over') return
    const wasReplyOwed = this.#replies.isReplyOwed
    this.#replies.push(chunk)
    this.#output.toClient(chunk)
    if (wasReplyOwed && !this.#replies.isReplyOwed) this.#output.replied?.()
  }

  #payload(payload: Buffer): void {
    if (isNiKeepAlive(payload)) return this.#forward(payload)
    if (this.#phase === 'greeting') {
      const greeting = readGatewayRecord(payload)
      if (typeof greeting === 'string') return this.#refuse(greeting)
      this.#phase = 'conversation'
      return this.#forward(payload)
    }
    const record = readAppcRecord(payload)
    if (record === undefined) return this.#refuse('not a conversation record')
    if (record.isProtected) return this.#refuse('SNC-protected conversation')
    this.#record(payload, record)
  }

  #record(payload: Buffer, record: AppcRecord): void {
    switch (record.function) {
      case AppcFunction.initialize:
        if (this.#isInitialized) return this.#refuse('second conversation on one connection')
        this.#isInitialized = true
        return this.#redirected(redirectInitialize(payload, record.parameterBytes, this.#partner))
      case AppcFunction.setPartner:
        if (!this.#isInitialized || this.#isLoggedOn) return this.#refuse('conversation record out of order')
        return this.#redirected(redirectPartner(payload, record.parameterBytes, this.#partner))
      case AppcFunction.allocate:
      case AppcFunction.deallocate:
      case AppcFunction.flush:
      case AppcFunction.ping:
        if (!this.#isInitialized || this.#message !== null) return this.#refuse('conversation record out of order')
        if (payload.length !== appcHeadBytes) return this.#refuse('record of an unsupported layout')
        return this.#forward(payload)
      case AppcFunction.sapSend:
        if (this.#message !== null) return this.#refuse('conversation record out of order')
        return this.#slice(payload, record, true)
      case AppcFunction.asyncSendData:
      case AppcFunction.sendData:
        return this.#slice(payload, record, false)
      case AppcFunction.receive:
        // Without a message it asks for the rest of a reply.
        if (this.#message === null && payload.length === appcHeadBytes) return this.#forward(payload)
        return this.#slice(payload, record, true)
      default:
        return this.#refuse('conversation function of an unsupported kind')
    }
  }

  #redirected(result: Buffer | string): void {
    if (typeof result === 'string') this.#refuse(result)
    else this.#forward(result)
  }

  #slice(payload: Buffer, record: AppcRecord, isLast: boolean): void {
    if (!this.#isInitialized) return this.#refuse('conversation record out of order')
    if (record.parameterBytes !== 0 && record.parameterBytes !== 8)
      return this.#refuse('record of an unsupported layout')
    this.#message ??= newMessage()
    const message = this.#message
    const { chain } = message
    chain.push(payload.subarray(appcHeadBytes))
    if (chain.fault !== undefined) return this.#refuse(chain.fault)
    if (isLast && !chain.isComplete) return this.#refuse('message without an end')
    if (isLast && chain.functionName === undefined) return this.#refuse('message without a function name')
    const isFirst = !this.#isLoggedOn
    if (isLast || (!isFirst && !chain.isLogon && message.state === 'undecided')) this.#decide(message)
    // What names a user only after slices went out is judged at the end, which is held back.
    if (this.#phase === 'over') return
    if (message.state === 'denied') return this.#swallow(message, record, isLast)
    this.#hold(message, payload)
    if (isLast) this.#replies.isReplyOwed = true
    if (message.state === 'allowed') this.#release(message)
    else if (message.heldBytes > this.#limits.maxHeldBytes) return this.#refuse('function name too far behind')
    if (isLast) {
      this.#isLoggedOn = true
      this.#message = null
    }
  }

  /** Judges what is known of the message so far; once denied it stays denied. */
  #decide(message: OpenMessage): void {
    const { chain } = message
    if (chain.functionName === undefined || message.state === 'denied') return
    const name = readFunctionName(chain.functionName)
    if (name === undefined) return this.#refuse('unreadable function name')
    let denial: RfcDenial | undefined
    if (chain.isLogon || !this.#isLoggedOn) {
      const client = chain.client === undefined ? '' : readText(chain.client)
      const user = chain.user === undefined ? '' : (readText(chain.user) ?? chain.user.toString('latin1'))
      if (client === undefined) return this.#refuse('unreadable client')
      denial = this.#rules.logon(client.trim(), user.trim())
    }
    denial ??= this.#rules.call(name)
    if (denial !== undefined && message.state === 'allowed') return this.#refuse('message changed behind its beginning')
    message.denial = denial
    message.state = denial === undefined ? 'allowed' : 'denied'
  }

  /** A denied message goes nowhere; its synchronous slices are acknowledged and its end is answered. */
  #swallow(message: OpenMessage, record: AppcRecord, isLast: boolean): void {
    message.held = []
    const { conversationId, connectionIndex, codePage } = this.#replies
    const address = { conversationId, connectionIndex }
    if (!isLast) {
      if (record.function !== AppcFunction.sendData) return
      return this.#answer(writeAppcReply({ function: AppcFunction.sendData, ...address }))
    }
    this.#message = null
    const { text, isFinal } = message.denial as RfcDenial
    const isLogon = !this.#isLoggedOn
    const data = isLogon ? logonDenialReply(text, codePage) : denialReply(text, codePage)
    this.#answer(writeAppcReply({ function: AppcFunction.sapSend, ...address, data, isLast: true }))
    if (this.#phase === 'over' || !(isFinal || isLogon)) return
    this.#phase = 'over'
    this.#output.finished()
  }

  #answer(record: Buffer): void {
    // A client that calls before it heard the last reply would get two answers mixed.
    if (this.#replies.isReplyOwed || this.#replies.isInsideFrame) return this.#refuse('call before the last reply')
    this.#output.toClient(niFrame(record))
  }

  #hold(message: OpenMessage, payload: Buffer): void {
    message.held.push(payload)
    message.heldBytes += payload.length
  }

  #release(message: OpenMessage): void {
    for (const payload of message.held) this.#forward(payload)
    message.held = []
    message.heldBytes = 0
  }

  #forward(payload: Buffer): void {
    this.#output.toServer(niFrame(payload))
  }

  #refuse(reason: string): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#message = null
    this.#output.refused(reason)
  }
}
