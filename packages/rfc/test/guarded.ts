import {
  AppcFunction,
  NiFrameReader,
  niFrame,
  type RfcDenial,
  RfcGuard,
  type RfcLimits,
  type RfcRules,
  writeAppcReply,
  writeGatewayRecord,
} from '../src/index.ts'

const greeting = writeGatewayRecord({
  address: [127, 0, 0, 1],
  service: 'sapgw07',
  codePage: '4103',
  logicalUnit: 'abap',
  program: 'sapgw',
  acceptInfo: 0xfb,
  level: 15,
})
const lastReply = writeAppcReply({
  function: AppcFunction.sapSend,
  conversationId: '10000000',
  connectionIndex: 1,
  data: Buffer.alloc(4),
  isLast: true,
})

/** A guard with its surroundings recorded: what reached the server, and what the guard itself told the client. */
export class Guarded implements RfcRules {
  readonly guard: RfcGuard
  readonly forwarded: Buffer[]
  readonly answered: Buffer[]
  readonly calls: string[]
  readonly logons: string[]
  readonly refusals: string[]
  isFinished: boolean
  /** Functions that are denied; the text is `no <name>`. */
  denied: ReadonlySet<string>
  deniedUser: string
  /** False: the server is silent, as while it works. */
  isServerQuick: boolean

  constructor(limits?: RfcLimits) {
    this.forwarded = []
    this.answered = []
    this.calls = []
    this.logons = []
    this.refusals = []
    this.isFinished = false
    this.denied = new Set()
    this.deniedUser = ''
    this.isServerQuick = true
    let isServerSpeaking = false
    const output = {
      toServer: (bytes: Buffer) => {
        this.forwarded.push(bytes)
        const isGreeting = bytes[4] === 2
        const isEnd = bytes[5] === AppcFunction.sapSend || bytes[5] === AppcFunction.receive
        if (!this.isServerQuick || !(isGreeting || isEnd)) return
        isServerSpeaking = true
        this.guard.fromServer(niFrame(isGreeting ? greeting : lastReply))
        isServerSpeaking = false
      },
      toClient: (bytes: Buffer) => {
        if (!isServerSpeaking) this.answered.push(bytes)
      },
      refused: (reason: string) => void this.refusals.push(reason),
      finished: () => {
        this.isFinished = true
      },
    }
    const partner = { host: 'internal.example', instance: '07' }
    this.guard =
      limits === undefined ? new RfcGuard(this, partner, output) : new RfcGuard(this, partner, output, limits)
  }

  logon(client: string, user: string): RfcDenial | undefined {
    this.logons.push(`${client}/${user}`)
    return user === this.deniedUser ? { text: `no ${user}`, isFinal: true } : undefined
  }

  call(functionName: string): RfcDenial | undefined {
    this.calls.push(functionName)
    return this.denied.has(functionName) ? { text: `no ${functionName}`, isFinal: false } : undefined
  }

  /** Everything that reached the server. */
  get sent(): Buffer {
    return Buffer.concat(this.forwarded)
  }

  /** Payloads that reached the server. */
  get sentPayloads(): Buffer[] {
    return payloadsOf(this.sent)
  }

  /** Payloads that reached the client. */
  get answeredPayloads(): Buffer[] {
    return payloadsOf(Buffer.concat(this.answered))
  }
}

function payloadsOf(stream: Buffer): Buffer[] {
  const payloads: Buffer[] = []
  new NiFrameReader(1 << 24).push(stream, (payload) => payloads.push(payload) > 0)
  return payloads
}
