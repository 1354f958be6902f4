import { clientError } from '../client-error.ts'
import type { Binding } from './binding.ts'

/** The service bindings of an application. */
export class Bindings {
  readonly all: readonly Binding[]
  readonly #sources: readonly string[]

  /** @param sources where they come from, for messages */
  constructor(all: readonly Binding[], sources: readonly string[] = []) {
    this.all = all
    this.#sources = sources
  }

  /**
   * The binding of this instance name, else the only one of this service, else the only one with this tag.
   * @throws PlatformError CLIENT_BINDING_MISSING, CLIENT_BINDING_AMBIGUOUS
   */
  get(nameOrService: string): Binding {
    const binding = this.tryGet(nameOrService)
    if (binding !== undefined) return binding
    const available = this.all.map(described)
    throw clientError('CLIENT_BINDING_MISSING', {
      wanted: nameOrService,
      available: available.length === 0 ? 'none' : available.join(', '),
      sources: this.#sources.length === 0 ? 'none found' : this.#sources.join(', '),
    })
  }

  /** As `get`, with undefined for a missing one. @throws PlatformError CLIENT_BINDING_AMBIGUOUS */
  tryGet(nameOrService: string): Binding | undefined {
    const ways: readonly ((binding: Binding) => boolean)[] = [
      ({ name }) => name === nameOrService,
      ({ label }) => label === nameOrService,
      ({ tags }) => tags.includes(nameOrService),
    ]
    for (const way of ways) {
      const found = this.all.filter(way)
      if (found.length > 1)
        throw clientError('CLIENT_BINDING_AMBIGUOUS', {
          wanted: nameOrService,
          available: found.map(described).join(', '),
        })
      if (found.length === 1) return found[0]
    }
    return undefined
  }
}

function described({ name, label }: Binding): string {
  return name === label ? name : `${name} (${label})`
}
