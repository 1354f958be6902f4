import { inspect } from 'node:util'
import { clientError } from '../client-error.ts'
import type { Binding } from './binding.ts'
import { instanceVariables, type NeededService, usualXsuaaInstance } from './instance-variables.ts'

/** The service bindings of an application. */
export class Bindings {
  readonly all: readonly Binding[]
  readonly #sources: readonly string[]
  readonly #chosen: Readonly<Partial<Record<NeededService, string>>>

  /**
   * @param sources where they come from, for messages
   * @param chosen names of service instances, for services of which several are bound
   */
  constructor(
    all: readonly Binding[],
    sources: readonly string[] = [],
    chosen: Readonly<Partial<Record<NeededService, string>>> = {},
  ) {
    this.all = all
    this.#sources = sources
    this.#chosen = chosen
  }

  /**
   * The binding of a service: of the instance that the environment names (guide L14823), else the only one.
   * @throws PlatformError CLIENT_BINDING_MISSING, CLIENT_BINDING_AMBIGUOUS naming the environment variable
   */
  of(service: NeededService): Binding {
    const variable = instanceVariables[service]
    const ofService = this.all.filter(({ label, tags }) => label === service || tags.includes(service))
    const chosen = this.#chosen[service]
    if (chosen !== undefined) {
      const named = ofService.find((binding) => isNamed(binding, chosen))
      if (named !== undefined) return named
      const reason = `Service instance ${chosen} of service ${service} not bound to application`
      throw this.#missing(chosen, { variable, reason })
    }
    if (ofService.length < 2) return this.get(service)
    const usual = ofService.find((binding) => service === 'xsuaa' && isNamed(binding, usualXsuaaInstance))
    if (usual !== undefined) return usual
    const available = ofService.map(described).join(', ')
    throw clientError('CLIENT_BINDING_AMBIGUOUS', { wanted: service, available, variable })
  }

  /**
   * The binding of this instance name, else the only one of this service, else the only one with this tag.
   * @throws PlatformError CLIENT_BINDING_MISSING, CLIENT_BINDING_AMBIGUOUS
   */
  get(nameOrService: string): Binding {
    const binding = this.tryGet(nameOrService)
    if (binding !== undefined) return binding
    throw this.#missing(nameOrService)
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

  /** For `console.log` and `JSON.stringify`: names, never credentials. */
  toJSON(): object {
    return { bindings: this.all.map(described) }
  }

  [inspect.custom](): object {
    return this.toJSON()
  }

  #missing(wanted: string, more: { readonly variable?: string; readonly reason?: string } = {}): Error {
    const available = this.all.map(described)
    return clientError('CLIENT_BINDING_MISSING', {
      wanted,
      available: available.length === 0 ? 'none' : available.join(', '),
      sources: this.#sources.length === 0 ? 'none found' : this.#sources.join(', '),
      ...more,
    })
  }
}

function isNamed({ name, instanceName }: Binding, wanted: string): boolean {
  return name === wanted || instanceName === wanted
}

function described({ name, label }: Binding): string {
  return name === label ? name : `${name} (${label})`
}
