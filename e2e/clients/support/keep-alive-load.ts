import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Asks the demo backend through a proxy. @returns status and body. Rejects when the connection breaks. */
export async function askBackend(port: number, token: string, agent: Agent | false = false): Promise<string> {
  const headers = { host: 'demo-backend.virtual:8080', 'proxy-authorization': `Bearer ${token}` }
  const path = 'http://demo-backend.virtual:8080/hello'
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent }, resolve).on('error', reject).end()
  })
  return `${answer.statusCode} ${await text(answer)}`
}

/** Connections that each send the next request as soon as they have the answer, and are opened again when they break. */
export class KeepAliveLoad implements AsyncDisposable {
  readonly wrong: string[]
  answered: number
  /** Which connections broke, by number: one that is opened again while a process dies may break once more. */
  readonly broken: Set<number>
  #isOver: boolean
  readonly #all: Promise<unknown>

  constructor(port: number, token: string, connections: number) {
    this.wrong = []
    this.answered = 0
    this.broken = new Set()
    this.#isOver = false
    this.#all = Promise.all(Array.from({ length: connections }, (_, index) => this.#run(index, port, token)))
  }

  /** Resolves when so many more requests have been answered. */
  async more(answers: number): Promise<void> {
    const goal = this.answered + answers
    while (this.answered < goal) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#all
  }

  async #run(index: number, port: number, token: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#isOver) {
      try {
        const answer = await askBackend(port, token, agent)
        if (answer.startsWith('200 ')) this.answered++
        else this.wrong.push(answer)
      } catch {
        this.broken.add(index)
      }
    }
    agent.destroy()
  }
}
