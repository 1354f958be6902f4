import { detachedSignature, type TicketDigest } from './detached-signature.ts'
import type { SigningKey } from './signing-key.ts'

/** What an assertion ticket says; systems and clients as the backend lists them in its trust. */
export interface AssertionTicket {
  readonly user: string
  readonly issuerSid: string
  readonly issuerClient: string
  readonly recipientSid: string
  readonly recipientClient: string
}

const version = 0x02
/** Minutes that a receiver accepts the ticket. */
const validMinutes = 2
/** Receivers must not keep the ticket. */
const doNotCache = 1

/** Units of a ticket, by their published numbers. */
const unit = {
  user: 1,
  issuerClient: 2,
  issuerSid: 3,
  createdAt: 4,
  validHours: 5,
  validMinutes: 7,
  flags: 8,
  userUtf8: 10,
  recipientClient: 15,
  recipientSid: 16,
  authenticationScheme: 0x88,
  signature: 0xff,
} as const

/**
 * A signed assertion ticket: a version, a code page, units (number, length in two bytes, value), and last of all a
 * detached CMS signature over everything before it. The code page is ISO-8859-1, as in the guide's sample, unless a
 * text needs UTF-8.
 * @returns standard base64
 */
export function assertionTicket(
  ticket: AssertionTicket,
  key: SigningKey,
  digest: TicketDigest | undefined,
  nowMs: number,
): string {
  const { user, issuerSid, issuerClient, recipientSid, recipientClient } = ticket
  const encoding = Object.values(ticket).every(isLatin1) ? 'latin1' : 'utf8'
  const text = (value: string) => Buffer.from(value, encoding)
  const content = Buffer.concat([
    Buffer.from([version]),
    Buffer.from(encoding === 'latin1' ? '1100' : '4110', 'latin1'),
    unitOf(unit.user, text(user)),
    unitOf(unit.issuerClient, text(issuerClient)),
    unitOf(unit.issuerSid, text(issuerSid)),
    unitOf(unit.createdAt, text(minuteOf(nowMs))),
    unitOf(unit.validHours, number(0)),
    unitOf(unit.validMinutes, number(validMinutes)),
    unitOf(unit.flags, Buffer.from([doNotCache])),
    unitOf(unit.userUtf8, Buffer.from(user, 'utf8')),
    unitOf(unit.recipientClient, text(recipientClient)),
    unitOf(unit.recipientSid, text(recipientSid)),
    unitOf(unit.authenticationScheme, text('default')),
  ])
  const signature = detachedSignature(content, key, digest)
  return Buffer.concat([content, unitOf(unit.signature, signature)]).toString('base64')
}

/** @throws RangeError for more than 64 KiB; callers bound what they put in. */
function unitOf(id: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3)
  head.writeUInt8(id, 0)
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** `YYYYMMDDHHMM` in UTC. */
function minuteOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 12)
}

function isLatin1(text: string): boolean {
  return Buffer.from(text, 'latin1').toString('latin1') === text
}
