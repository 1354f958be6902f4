import type { Preface } from '@landbridge/tunnel'

/** Who opens an RFC connection, before a logon says more: the OAuth client that the cloud side names. */
export function tokenUser({ clientId }: Pick<Preface, 'clientId'>): string {
  return clientId === '' ? 'anonymous' : clientId
}
