// Gets tickets in a process of its own: the library of MIT Kerberos waits for the network, and takes realm, key table and
// cache from the environment of its process. Each message of the parent is one question.
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { GssLibrary } from './gss-library.ts'

export interface TicketQuestion {
  readonly id: number
  /** Principals. */
  readonly own: string
  readonly user: string
  /** `HTTP@host` */
  readonly service: string
}

export type TicketAnswer =
  | { readonly id: number; readonly token: string }
  | { readonly id: number; readonly failure: string; readonly isMissing: boolean }

let library: GssLibrary | undefined

process.on('message', ({ id, own, user, service }: TicketQuestion) => {
  const answer = (content: TicketAnswer): void => void process.send?.(content)
  try {
    library ??= GssLibrary.load()
  } catch (failure) {
    return answer({ id, failure: textOf(failure), isMissing: true })
  }
  try {
    answer({ id, token: library.tokenFor(own, user, service).toString('base64') })
  } catch (failure) {
    answer({ id, failure: textOf(failure), isMissing: false })
  }
})
// The connector ended, perhaps by force: its key table must not stay behind.
process.on('disconnect', () => {
  if (process.env.KRB5_CONFIG !== undefined) rmSync(dirname(process.env.KRB5_CONFIG), { recursive: true, force: true })
  process.exit(0)
})

function textOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
