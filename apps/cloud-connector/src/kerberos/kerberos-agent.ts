import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KerberosSettings, KerberosTickets } from '@landbridge/connector'
import { type Log, PlatformError } from '@landbridge/kernel'
import { krb5Configuration } from './krb5-configuration.ts'
import type { TicketAnswer, TicketQuestion } from './ticket-process.ts'

interface Waiting {
  readonly service: string
  readonly resolve: (token: string) => void
  readonly reject: (failure: PlatformError) => void
}

/** One process for one configuration, started when the first ticket is needed. */
interface Helper {
  readonly settings: KerberosSettings
  readonly child: ChildProcess
  readonly folder: string
  readonly waiting: Map<number, Waiting>
}

const longestMs = 30_000

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
    const { child, waiting } = this.#helperFor(settings)
    const id = ++this.#lastId
    const service = `HTTP@${host}`
    const { realm, serviceUser } = settings
    // A library that waits for ever is ended with its process.
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs).unref()
    const asked = new Promise<string>((resolve, reject) => {
      waiting.set(id, { service, resolve, reject })
      const question = { id, own: `${serviceUser}@${realm}`, user: `${user}@${realm}`, service }
      // A process that is gone says so by its end.
      child.send(question satisfies TicketQuestion, () => {})
    })
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
    const helper: Helper = { settings, child, folder, waiting: new Map() }
    child.on('message', (answer: TicketAnswer) => settle(helper, answer))
    child.on('error', (failure) => this.#ended(helper, failure.message))
    child.on('exit', (status, signal) => this.#ended(helper, `the helper process ended with ${signal ?? status}`))
    return helper
  }

  #ended(helper: Helper, reason: string): void {
    rmSync(helper.folder, { recursive: true, force: true })
    if (this.#helper === helper) {
      this.#helper = null
      this.#log.warn('kerberos.helper.ended', { reason })
    }
    for (const { reject } of helper.waiting.values()) reject(new PlatformError('KERBEROS_UNAVAILABLE', { reason }))
    helper.waiting.clear()
  }
}

function settle({ waiting }: Helper, answer: TicketAnswer): void {
  const asked = waiting.get(answer.id)
  waiting.delete(answer.id)
  if (asked === undefined) return
  if ('token' in answer) return asked.resolve(answer.token)
  const { failure: reason, isMissing } = answer
  asked.reject(
    isMissing
      ? new PlatformError('KERBEROS_UNAVAILABLE', { reason })
      : new PlatformError('KERBEROS_TICKET', { service: asked.service.replace('@', '/'), reason }),
  )
}
