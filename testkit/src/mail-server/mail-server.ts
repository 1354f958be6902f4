import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startChild } from '../child.ts'
import type { MailServerSettings } from './main.ts'

/** A mail as the server got it. */
export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body, as they came over the wire. */
  readonly raw: string
  readonly secure: boolean
  readonly user: string
}

export interface MailServer {
  readonly port: number
  readonly received: readonly ReceivedMail[]
  /** Waits until so many mails were received altogether. */
  whenReceived(count: number): Promise<void>
  /** Ends the process at once; when it resolves, `received` has every mail that was accepted. May be called twice. */
  kill(): Promise<void>
}

/** Starts a real SMTP server in a process of its own. See `main.ts` for recipients that it treats in special ways. */
export async function startMailServer(settings: Partial<MailServerSettings> = {}): Promise<MailServer> {
  const argument = JSON.stringify({ port: 0, security: 'none', ...settings })
  const child = startChild(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'main.ts'),
    argument,
  ])
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout! })
  // The last lines are read after the process is gone.
  const end = Promise.all([exit, once(lines, 'close')])
  let errors = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const received: ReceivedMail[] = []
  let waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const port = await new Promise<number>((resolve, reject) => {
    void exit.then(() => reject(new Error(`the mail server ended: ${errors}`)))
    lines.on('line', (line) => {
      const ready = /^ready (\d+)$/.exec(line)
      if (ready !== null) return resolve(Number(ready[1]))
      received.push(JSON.parse(line) as ReceivedMail)
      for (const { count, resolve: isThere } of waiting) if (received.length >= count) isThere()
      waiting = waiting.filter(({ count }) => received.length < count)
    })
  })
  return {
    port,
    received,
    whenReceived: (count) =>
      received.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    async kill() {
      child.kill('SIGKILL')
      await end
    },
  }
}

/** A header of a mail, unfolded; undefined when there is none. */
export function headerOf({ raw }: ReceivedMail, name: string): string | undefined {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
  const lines = head.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
  if (lines.length > 1) throw new Error(`${lines.length} headers ${name}`)
  return lines[0]?.slice(name.length + 1).trim()
}
