import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientError, reasonOf } from '../client-error.ts'
import type { Binding, Credentials } from './binding.ts'
import { readBindingRoot } from './binding-root.ts'
import { Bindings } from './bindings.ts'
import { chosenInstances } from './instance-variables.ts'

export interface BindingSources {
  /** Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Where `default-env.json` is looked for. Default: the working directory. */
  readonly directory?: string
}

/**
 * Reads all service bindings: `VCAP_SERVICES_FILE_PATH`, else `VCAP_SERVICES`, else the `VCAP_SERVICES` of
 * `default-env.json`; and the directories below `SERVICE_BINDING_ROOT`, else below `/etc/secrets/sapcp`.
 * @throws PlatformError CLIENT_BINDING_INVALID
 */
export function readBindings(sources: BindingSources = {}): Bindings {
  const environment = sources.environment ?? process.env
  const found: Binding[] = []
  const used: string[] = []
  const vcap = readVcap(environment, sources.directory ?? process.cwd())
  if (vcap !== undefined) {
    found.push(...parseVcapServices(vcap.services, vcap.source))
    used.push(vcap.source)
  }
  const root = environment.SERVICE_BINDING_ROOT ?? '/etc/secrets/sapcp'
  const mounted = readBindingRoot(root)
  if (mounted.length > 0 || environment.SERVICE_BINDING_ROOT !== undefined) used.push(root)
  return new Bindings([...found, ...mounted], used, chosenInstances(environment))
}

/**
 * The bindings in a parsed `VCAP_SERVICES`: an object with a list of bindings for each service (guide L11553).
 * @throws PlatformError CLIENT_BINDING_INVALID
 */
export function parseVcapServices(services: unknown, source = 'VCAP_SERVICES'): readonly Binding[] {
  if (!isObject(services)) throw clientError('CLIENT_BINDING_INVALID', { source, reason: 'not a JSON object' })
  return Object.entries(services).flatMap(([label, list]) => {
    if (!Array.isArray(list))
      throw clientError('CLIENT_BINDING_INVALID', { source, field: label, reason: 'not a list' })
    return list.map((entry: unknown, index) => {
      if (!isObject(entry) || !isObject(entry.credentials))
        throw clientError('CLIENT_BINDING_INVALID', { source, field: `${label}[${index}]`, reason: 'no credentials' })
      return vcapBinding(label, entry, entry.credentials)
    })
  })
}

function vcapBinding(label: string, entry: Readonly<Record<string, unknown>>, credentials: Credentials): Binding {
  const { name, instance_name: instanceName, plan, tags } = entry
  const text = [name, instanceName].find((value) => typeof value === 'string' && value !== '')
  return {
    label,
    name: typeof text === 'string' ? text : label,
    ...(typeof instanceName === 'string' && instanceName !== '' ? { instanceName } : {}),
    ...(typeof plan === 'string' ? { plan } : {}),
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    credentials,
  }
}

function readVcap(environment: Readonly<Record<string, string | undefined>>, directory: string) {
  const { VCAP_SERVICES_FILE_PATH: path, VCAP_SERVICES: text } = environment
  if (path !== undefined && path !== '') return { source: path, services: readJson(path, true) }
  if (text !== undefined && text !== '') return { source: 'VCAP_SERVICES', services: parse(text, 'VCAP_SERVICES') }
  const source = join(directory, 'default-env.json')
  const file = readJson(source, false)
  if (file === undefined) return undefined
  const services = isObject(file) ? file.VCAP_SERVICES : undefined
  if (services === undefined) return undefined
  // @sap/xsenv turns objects into text for the environment; some write the text themselves.
  return { source, services: typeof services === 'string' ? parse(services, source) : services }
}

function readJson(path: string, isRequired: boolean): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (!isRequired && reasonOf(cause) === 'ENOENT') return undefined
    throw clientError('CLIENT_BINDING_INVALID', { source: path, reason: reasonOf(cause) }, { cause })
  }
  return parse(text, path)
}

/** The cause is left out: the text of a syntax error quotes what stands there, which may be a secret. */
function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw clientError('CLIENT_BINDING_INVALID', { source, reason: 'not JSON' })
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
