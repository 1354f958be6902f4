import assert from 'node:assert/strict'
import type { Answer, TestService } from './test-service.ts'

/** What a browser keeps: cookies by name. */
export class Browser {
  readonly #service: Pick<TestService, 'get' | 'post'>
  readonly #host: string
  readonly #cookies: Map<string, string>

  constructor(service: Pick<TestService, 'get' | 'post'>, host: string) {
    this.#service = service
    this.#host = host
    this.#cookies = new Map()
  }

  get headers(): Readonly<Record<string, string>> {
    return { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
  }

  async get(path: string) {
    return this.#keep(await this.#service.get(path, { host: this.#host, headers: this.headers }))
  }

  async post(path: string, form: Readonly<Record<string, string>>) {
    return this.#keep(await this.#service.post(path, { host: this.#host, form, headers: this.headers }))
  }

  /** Sends the login form of a page with these entries. */
  async submit(page: string, entries: Readonly<Record<string, string>>) {
    const hidden = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
    const form = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]))
    return this.post('/login', { ...form, ...entries })
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.headers['set-cookie'] ?? []) {
      assert.match(line, /^__Host-[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
      const [name = '', value = ''] = line.slice(0, line.indexOf(';')).split('=')
      if (line.endsWith('Max-Age=0')) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }
}
