import { type Socks5Event, Socks5Handshake, type Socks5Policy, Socks5Reply } from '../src/index.ts'

export interface Outcome {
  /** Everything the server wrote, in hex. */
  written: string
  token?: string
  locationId?: string
  target?: string
  addressType?: number
  failure?: string
  rest?: string
}

export const tokenOnly: Socks5Policy = { methods: [0x80] }

/** A server that accepts every token but `bad` and connects to everything: what it wrote and understood. */
export function serve(pieces: readonly Buffer[], policy: Socks5Policy = tokenOnly): Outcome {
  const handshake = new Socks5Handshake(policy)
  const outcome: Outcome = { written: '' }
  const late: Buffer[] = []
  const write = (bytes: Buffer): void => {
    outcome.written += bytes.toString('hex')
  }
  const carryOut = (events: readonly Socks5Event[]): void => {
    for (const event of events) {
      if (event.kind === 'reply') write(event.bytes)
      else if (event.kind === 'authenticate') {
        outcome.token = event.token
        outcome.locationId = event.locationId
        carryOut(event.token === 'bad' ? handshake.reject() : handshake.accept())
      } else if (event.kind === 'connect') {
        outcome.target = `${event.host}:${event.port}`
        outcome.addressType = event.addressType
        if (event.host === 'unmapped') write(handshake.fail(Socks5Reply.forbidden))
        else write(handshake.succeed())
      } else {
        write(event.reply)
        outcome.failure = event.reason
      }
    }
  }
  for (const piece of pieces) {
    if (handshake.phase === 'established') late.push(piece)
    else carryOut(handshake.push(piece))
  }
  if (handshake.phase === 'established') {
    outcome.rest = Buffer.concat([handshake.takeRest(), ...late]).toString('latin1')
  }
  return outcome
}

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** The bytes cut into pieces of one byte. */
export const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte))
