import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { readServiceMappings, type ServiceMapping, ServiceMappings } from '@landbridge/proxy'
import type { ConnectivityProxyConfig } from './config.ts'
import { parseMappingFile, readMappingFile } from './mapping-file.ts'

/** A mapping becomes effective "within a few seconds" (guide L32717). */
const periodMs = 1_000

/**
 * The service mappings of a proxy: those of its configuration and those of a file, which is read again when its text
 * changes. A config map is replaced under its name, so the text is compared and not the file.
 */
export class MappingSource {
  readonly mappings: ServiceMappings
  readonly #config: ConnectivityProxyConfig
  readonly #log: Log
  #text: string
  #failure: string
  #stop: () => void

  /** @throws PlatformError CONFIG_INVALID with everything that is wrong with configuration or file */
  constructor(config: ConnectivityProxyConfig, clock: Clock, log: Log) {
    this.#config = config
    this.#log = log
    this.#failure = ''
    const { serviceMappingsFile: file } = config.landbridge
    try {
      this.#text = file === '' ? '' : readMappingFile(file)
    } catch (cause) {
      throw invalid([`landbridge.serviceMappingsFile: expected a readable file, found ${String(cause)}`])
    }
    const { mappings, problems } = this.#read()
    if (problems.length > 0) throw invalid(problems)
    this.mappings = new ServiceMappings(mappings)
    this.#stop = file === '' ? () => {} : clock.every(periodMs, () => this.#look(file))
    for (const mapping of mappings) log.info('service-mapping.exposed', factsOf(mapping))
  }

  close(): void {
    this.#stop()
  }

  #read(): { readonly mappings: readonly ServiceMapping[]; readonly problems: readonly string[] } {
    const { tenantMode, subaccountId, landbridge } = this.#config
    const file = parseMappingFile(this.#text)
    const given = [...landbridge.serviceMappings, ...file.given]
    const read = readServiceMappings(given, tenantMode === 'dedicated' ? subaccountId.trim() : '')
    return { mappings: read.mappings, problems: [...file.problems, ...read.problems] }
  }

  /** What is right in a changed file counts; what is wrong is an error in the log, told once. */
  #look(file: string): void {
    let text: string
    try {
      text = readMappingFile(file)
      this.#failure = ''
    } catch (cause) {
      const failure = String(cause)
      if (failure !== this.#failure) this.#log.error('service-mapping.file-unreadable', { file }, cause)
      this.#failure = failure
      return
    }
    if (text === this.#text) return
    this.#text = text
    const { mappings, problems } = this.#read()
    for (const problem of problems) this.#log.error('service-mapping.invalid', { file, problem })
    this.mappings.replace(mappings)
    this.#log.info('service-mapping.changed', { file, mappings: mappings.length })
    for (const mapping of mappings) this.#log.info('service-mapping.exposed', factsOf(mapping))
  }
}

function factsOf({ name, type, subaccountId, serviceId, tenantId, host, port, locationIds }: ServiceMapping) {
  return { name, type, subaccountId, serviceId, tenantId, internalAddress: `${host}:${port}`, locationIds }
}

function invalid(problems: readonly string[]): PlatformError {
  return new PlatformError('CONFIG_INVALID', { file: 'connectivity proxy', problems })
}
