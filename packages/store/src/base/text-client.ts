import { PlatformError } from '@landbridge/kernel'
import pg from 'pg'
import { rethrow } from './errors.ts'

/** SQLSTATE of a text that the encoding of the database cannot hold: with UTF-8, one with a NUL character. */
const unstorable = '22021'

/**
 * A connection that tells the caller's fault from the database's: no text with a NUL is in PostgreSQL, so whoever asks
 * for one or sends one made a mistake, wherever it comes from. A full disk is told as such.
 */
export class TextClient extends pg.Client {
  // Kysely sends statements with parameters and takes promises; the driver has more forms, which pass unchanged.
  override query(...given: never): never {
    const send = super.query.bind(this) as (...given: unknown[]) => unknown
    const sent = send(...(given as unknown[]))
    return (sent instanceof Promise ? sent.catch(explain) : sent) as never
  }
}

function explain(thrown: unknown): never {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === unstorable)
    throw new PlatformError(
      'REQUEST_INVALID',
      { field: 'text', reason: 'a NUL character is not allowed' },
      { cause: thrown },
    )
  rethrow(thrown)
}
