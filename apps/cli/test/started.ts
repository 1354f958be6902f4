import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before } from 'node:test'
import { type ChildOptions, onFreePorts, startLandbridge, temporaryFolder } from '@landbridge/testkit'

/** What a component prints with --json once it is ready. */
export interface Announcement {
  readonly dataDirectory: string
  readonly components: readonly { readonly name: string; readonly url: string }[]
  readonly credentials: Readonly<Record<'administrator' | 'user' | 'connector', { name: string; password: string }>>
}

/** A component that runs in a process of its own. */
export class Started implements AsyncDisposable {
  readonly announcement: Announcement
  /** Everything that it wrote to standard error, once it has ended. */
  readonly log: Promise<string>
  readonly #child: ChildProcess
  readonly #exited: Promise<[number | null, string | null]>

  private constructor(
    announcement: Announcement,
    child: ChildProcess,
    { exited, log }: Pick<Started, 'exited' | 'log'>,
  ) {
    this.announcement = announcement
    this.log = log
    this.#child = child
    this.#exited = exited
  }

  /** Starts a command with --json and waits until it is ready. */
  static async start(args: readonly string[], options: ChildOptions = {}): Promise<Started> {
    const child = startLandbridge([...args, '--json'], options)
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>
    const stderr = text(child.stderr!)
    const line = once(createInterface(child.stdout!), 'line') as Promise<[string]>
    const first = await Promise.race([line, exited.then(() => undefined)])
    if (first === undefined) throw new Error(`${args.join(' ')} ended before it was ready: ${await stderr}`)
    return new Started(JSON.parse(first[0]) as Announcement, child, { exited, log: stderr })
  }

  get exited(): Promise<[number | null, string | null]> {
    return this.#exited
  }

  urlOf(name: string): string {
    const found = this.announcement.components.find((component) => component.name === name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found.url
  }

  /** Asks the process to end. @returns its exit status */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    const [status] = await this.#exited
    return status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}

/** `up` on any free ports. */
export function startUp(folder: string): Promise<Started> {
  return Started.start(['up', '--data', folder, ...onFreePorts])
}

/** One platform for all tests of a suite or file: started before the first, gone after the last. */
export interface SuitePlatform {
  /** Where its data directory is, and commands may put files. */
  readonly folder: string
  readonly data: string
  /** For tests and their hooks, not before. */
  readonly up: Started
}

/** Starts it for the suite or file in which this is called. */
export function suitePlatform(): SuitePlatform {
  const folder = temporaryFolder()
  const data = join(folder.path, 'data')
  let up: Started | undefined
  before(async () => {
    up = await startUp(data)
  })
  after(async () => {
    await up?.[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  return {
    folder: folder.path,
    data,
    get up() {
      if (up === undefined) throw new Error('the platform of the suite is not there yet')
      return up
    },
  }
}

/** Asks again and again until there is an answer. @throws Error after 15 s */
export async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    const found = await find()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('nothing within 15 s')
}
