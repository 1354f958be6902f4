import { createHash } from 'node:crypto'

/** SHA-256 of a ticket in hex: names a tunnel request without giving the ticket away. */
export function ticketDigest(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex')
}
