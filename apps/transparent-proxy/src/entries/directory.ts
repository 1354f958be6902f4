import type { Entry } from './entry.ts'
import { readHostName } from './host-name.ts'

/**
 * The HTTP entries by host name. What is in it comes from outside and may be replaced while requests run; the data plane
 * does not know where from.
 */
export class Directory {
  readonly #namespace: string
  #byAddress: ReadonlyMap<string, Entry>
  #byName: ReadonlyMap<string, readonly Entry[]>

  /** @param namespace the one in which the transparent proxy itself is */
  constructor(namespace: string) {
    this.#namespace = namespace
    this.#byAddress = new Map()
    this.#byName = new Map()
  }

  replace(entries: readonly Entry[]): void {
    const http = entries.filter(({ kind }) => kind === 'http')
    this.#byAddress = new Map(http.map((entry) => [`${entry.name}.${entry.namespace}`, entry]))
    this.#byName = Map.groupBy(http, ({ name }) => name)
  }

  /**
   * The entry that a `Host` header means. A name alone, or with the namespace of the transparent proxy, also finds an
   * entry of another namespace if it is the only one of that name: the original has a service for it in both
   * (guide L34887). Never a guess: undefined for everything else.
   */
  find(host: string): Entry | undefined {
    const asked = readHostName(host)
    if (asked === undefined) return undefined
    const { name, namespace = this.#namespace } = asked
    const exact = this.#byAddress.get(`${name}.${namespace}`)
    if (exact !== undefined || namespace !== this.#namespace) return exact
    const ofName = this.#byName.get(name) ?? []
    return ofName.length === 1 ? ofName[0] : undefined
  }
}
