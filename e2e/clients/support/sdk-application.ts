import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestPlatform } from '@landbridge/testkit'

export interface SdkCall {
  readonly action?: 'find' | 'request'
  readonly destination: string
  readonly jwt?: string
  /** Name of one of the SDK's selection strategies. */
  readonly strategy?: 'alwaysProvider' | 'alwaysSubscriber' | 'subscriberFirst'
  /** Further options of the SDK's look-up, such as `iss`, `useCache` and `refreshToken`. */
  readonly lookup?: object
  readonly request?: object
  readonly options?: object
}

/** What the SDK gave, whatever it is. */
export type SdkAnswer = ReturnType<typeof JSON.parse>

/** An application with the SAP Cloud SDK, in a process that knows nothing but its bindings and the authority. */
export class SdkApplication implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: SdkAnswer) => void>()
  #lastId = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: { readonly id: number }) => {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    })
    child.on('exit', (status) => {
      for (const answer of this.#waiting.values()) answer({ failure: `the application ended with ${status}` })
    })
  }

  static async start({ environment }: Pick<TestPlatform, 'environment'>): Promise<SdkApplication> {
    const child = fork(join(import.meta.dirname, '../programs/cloud-sdk.mjs'), {
      env: { PATH: process.env.PATH, NO_COLOR: '1', ...environment },
      // For other tenants the SDK builds names below `localhost`, which some resolvers do not know.
      execArgv: ['--require', join(import.meta.dirname, '../programs/localhost-names.cjs')],
      // The SDK logs to its standard output.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    return new SdkApplication(child)
  }

  call(call: SdkCall): Promise<SdkAnswer> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.send({ id, action: 'request', ...call })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
