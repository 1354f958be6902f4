import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KerberosSettings, KerberosTickets } from '@landbridge/connector'
import { type Log, PlatformError } from '@landbridge/kernel'
import { krb5Configuration } from './krb5-configuration.ts'
import type { TicketAnswer, TicketQuestion } from './ticket-process.ts'

interface Waiting {
  readonly question: TicketQuestion
  readonly resolve: (token: string) => void
  readonly reject: (failure: PlatformError) => void
}

/** One process for one configuration, started when the first ticket is needed. */
interface Helper {
  readonly settings: KerberosSettings
  readonly child: ChildProcess
  readonly folder: string
  /** By the ID of the question, in their order. The process has the first one only. */
  readonly waiting: Map<number, Waiting>
  isAsked: boolean
  /** Ends a process that does not answer. */
  cancelEnd: () => void
}

/** Longest wait for its turn, and longest for the answer. */
const longestMs = 30_000
/** A request of a user waits with each of them. */
const maxWaiting = 500

/** Gets tickets with the MIT Kerberos of this machine. What goes wrong there ends a helper process, not the connector. */
export class KerberosAgent implements KerberosTickets {
  readonly #log: Log
  #helper: Helper | null
  #lastId: number

  constructor(log: Log) {
    this.#log = log
    this.#helper = null
    this.#lastId = 0
  }

  tokenFor(settings: KerberosSettings, user: string, host: string): Promise<string> {
    const helper = this.#helperFor(settings)
    const { waiting } = helper
    if (waiting.size >= maxWaiting)
      throw new PlatformError('KERBEROS_UNAVAILABLE', { reason: `${maxWaiting} users wait for tickets already` })
    const id = ++this.#lastId
    const { realm, serviceUser } = settings
    const question = { id, own: `${serviceUser}@${realm}`, user: `${user}@${realm}`, service: `HTTP@${host}` }
    const asked = new Promise<string>((resolve, reject) => waiting.set(id, { question, resolve, reject }))
    const timer = setTimeout(() => giveUp(helper, id), longestMs).unref()
    askNext(helper)
    return asked.finally(() => clearTimeout(timer))
  }

  /** Ends the process and removes its files. Repeatable; the next ticket starts another one. */
  close(): void {
    const helper = this.#helper
    this.#helper = null
    if (helper?.child.connected) helper.child.disconnect()
  }

  #helperFor(settings: KerberosSettings): Helper {
    if (this.#helper?.settings === settings) return this.#helper
    // What the old one has not answered yet fails, and may be asked again.
    this.close()
    this.#helper = this.#start(settings)
    return this.#helper
  }

  #start(settings: KerberosSettings): Helper {
    const folder = mkdtempSync(join(tmpdir(), 'landbridge-kerberos-'))
    const keyTable = join(folder, 'keytab')
    const configuration = join(folder, 'krb5.conf')
    writeFileSync(keyTable, Buffer.from(settings.key.reveal(), 'base64'), { mode: 0o600 })
    writeFileSync(configuration, krb5Configuration(settings), { mode: 0o600 })
    const child = fork(join(import.meta.dirname, 'ticket-process.ts'), [], {
      env: {
        ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
        KRB5_CONFIG: configuration,
        KRB5_CLIENT_KTNAME: `FILE:${keyTable}`,
        KRB5_KTNAME: `FILE:${keyTable}`,
        KRB5CCNAME: 'MEMORY:landbridge',
      },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const helper: Helper = { settings, child, folder, waiting: new Map(), isAsked: false, cancelEnd() {} }
    child.on('message', (answer: TicketAnswer) => settle(helper, answer))
    child.on('error', (failure) => this.#ended(helper, failure.message))
    child.on('exit', (status, signal) => this.#ended(helper, `the helper process ended with ${signal ?? status}`))
    return helper
  }

  #ended(helper: Helper, reason: string): void {
    rmSync(helper.folder, { recursive: true, force: true })
    helper.cancelEnd()
    if (this.#helper === helper) {
      this.#helper = null
      this.#log.warn('kerberos.helper.ended', { reason })
    }
    for (const { reject } of helper.waiting.values()) reject(new PlatformError('KERBEROS_UNAVAILABLE', { reason }))
    helper.waiting.clear()
  }
}

/** One question at a time: nobody's ticket is made who has given up, and the time of an answer is that of one ticket. */
function askNext(helper: Helper): void {
  const [next] = helper.waiting.values()
  if (next === undefined || helper.isAsked) return
  helper.isAsked = true
  // A library that waits for ever is ended with its process.
  const timer = setTimeout(() => helper.child.kill('SIGKILL'), longestMs).unref()
  helper.cancelEnd = () => clearTimeout(timer)
  // A process that is gone says so by its end.
  helper.child.send(next.question, () => {})
}

/** It did not get its turn in time. */
function giveUp({ waiting, isAsked }: Helper, id: number): void {
  const [first] = waiting.keys()
  if (isAsked && first === id) return
  waiting.get(id)?.reject(new PlatformError('KERBEROS_UNAVAILABLE', { reason: 'no ticket in time' }))
  waiting.delete(id)
}

function settle(helper: Helper, answer: TicketAnswer): void {
  const { waiting } = helper
  const asked = waiting.get(answer.id)
  waiting.delete(answer.id)
  helper.cancelEnd()
  helper.isAsked = false
  askNext(helper)
  if (asked === undefined) return
  if ('token' in answer) return asked.resolve(answer.token)
  const { failure: reason, isMissing } = answer
  asked.reject(
    isMissing
      ? new PlatformError('KERBEROS_UNAVAILABLE', { reason })
      : new PlatformError('KERBEROS_TICKET', { service: asked.question.service.replace('@', '/'), reason }),
  )
}
