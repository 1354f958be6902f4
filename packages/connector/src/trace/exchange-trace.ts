import type { Clock } from '@landbridge/kernel'
import type { Preface } from '@landbridge/tunnel'
import { StreamKind } from '@landbridge/tunnel'
import { httpLines } from './http-text.ts'
import type { StreamTap } from './tap-stream.ts'

/** Where the text of a trace goes. */
export interface PayloadTrace {
  /** Whole lines. Must not throw. */
  write(text: string): void
}

/** Memory that the exchanges of a trace may hold at once, all together, in bytes. */
export interface TraceBudget {
  bytes: number
}

const maxKeptBytes = 64 * 1024
/** What keeping a piece costs besides its bytes: a body may come in pieces of one. */
const pieceBytes = 128
const kinds: Readonly<Record<number, string>> = {
  [StreamKind.http]: 'HTTP',
  [StreamKind.tcp]: 'TCP',
  [StreamKind.rfc]: 'RFC',
  [StreamKind.ldap]: 'LDAP',
}

interface Direction {
  readonly kept: Buffer[]
  keptBytes: number
  /** Taken from the budget. */
  cost: number
  bytes: number
  /** What comes from now on is counted only. */
  isWritten: boolean
}

/**
 * One stream of a payload trace. An HTTP exchange is written in two blocks, the request as soon as an answer comes; of
 * other protocols, whose secrets cannot be told from the rest, sizes and times are.
 */
export class ExchangeTrace implements StreamTap {
  readonly #trace: PayloadTrace
  readonly #budget: TraceBudget
  readonly #clock: Clock
  readonly #preface: Preface
  readonly #number: number
  readonly #beganAtMs: number
  readonly #over: (exchange: ExchangeTrace) => void
  readonly #request: Direction
  readonly #response: Direction
  #ends: number
  #isOver: boolean

  constructor(
    trace: PayloadTrace,
    budget: TraceBudget,
    clock: Clock,
    preface: Preface,
    number: number,
    over: (exchange: ExchangeTrace) => void,
  ) {
    this.#trace = trace
    this.#budget = budget
    this.#clock = clock
    this.#preface = preface
    this.#number = number
    this.#beganAtMs = clock.now()
    this.#over = over
    this.#request = { kept: [], keptBytes: 0, cost: 0, bytes: 0, isWritten: false }
    this.#response = { kept: [], keptBytes: 0, cost: 0, bytes: 0, isWritten: false }
    this.#ends = 0
    this.#isOver = false
  }

  received(bytes: Buffer): void {
    this.#keep(this.#request, bytes)
  }

  sent(bytes: Buffer): void {
    if (!this.#request.isWritten) this.#writeRequest()
    this.#keep(this.#response, bytes)
  }

  receivedEnd(): void {
    this.#ends += 1
    if (this.#ends === 2) this.finish('complete')
  }

  /** An HTTP exchange is over with its answer, whatever the other side still has open. */
  sentEnd(): void {
    this.#ends += 1
    if (this.#ends === 2 || this.#preface.kind === StreamKind.http) this.finish('complete')
  }

  aborted(): void {
    this.finish('broken off')
  }

  /** Writes what is there; nothing is traced any more. */
  finish(how: string): void {
    if (this.#isOver) return
    if (!this.#request.isWritten) this.#writeRequest()
    const sizes = `${this.#request.bytes} bytes received and ${this.#response.bytes} bytes sent`
    this.#block(`response, ${how} after ${this.#clock.now() - this.#beganAtMs} ms, ${sizes}`, '<', this.#response)
    this.#isOver = true
    this.#over(this)
  }

  #keep(direction: Direction, bytes: Buffer): void {
    if (this.#isOver) return
    direction.bytes += bytes.length
    if (direction.isWritten || this.#preface.kind !== StreamKind.http) return
    const room = Math.min(maxKeptBytes - direction.keptBytes, this.#budget.bytes - pieceBytes, bytes.length)
    if (room <= 0) return
    direction.kept.push(Buffer.from(bytes.subarray(0, room)))
    direction.keptBytes += room
    direction.cost += room + pieceBytes
    this.#budget.bytes -= room + pieceBytes
  }

  #writeRequest(): void {
    const { virtualHost, virtualPort, kind, clientId } = this.#preface
    const from = clientId === '' ? '' : `, client ${clientId}`
    const what = `${kinds[kind] ?? 'other'} ${virtualHost}:${virtualPort}${from}`
    this.#block(`request to ${what}`, '>', this.#request)
  }

  #block(title: string, sign: string, direction: Direction): void {
    const { kept, keptBytes, bytes } = direction
    const lines = keptBytes === 0 ? [] : httpLines(Buffer.concat(kept))
    const missing = bytes - keptBytes
    // Every line of foreign text has the sign in front: none can pass itself off as one of ours.
    const text = lines.map((line) => `${sign} ${visible(line)}\n`).join('')
    const rest = missing > 0 ? `(${missing} bytes more are not kept)\n` : ''
    const time = new Date(this.#clock.now()).toISOString()
    this.#trace.write(`=== ${time} #${this.#number} ${visible(title)}\n${text}${rest}\n`)
    direction.isWritten = true
    direction.kept.length = 0
    this.#budget.bytes += direction.cost
    direction.cost = 0
  }
}

/** No control character reaches the terminal of whoever reads a trace. */
function visible(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029]/gu, (character) =>
    character === '\t' ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
