import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { fileReason } from '../output/file-failure.ts'
import { usualDataDirectory } from '../state/data-directory.ts'
import type { PlatformState } from '../state/state-file.ts'
import { findState } from '../state/state-file.ts'

/** The bindings that a command works with, and what is needed to reach the services they name. */
export interface Bindings {
  /** Where they were found, for messages. */
  readonly source: string
  readonly services: Readonly<Record<string, readonly Binding[]>>
  readonly caFiles: readonly string[]
  readonly hostNames: readonly string[]
  readonly address: string
}

export interface Binding {
  readonly name: string
  readonly credentials: Readonly<Record<string, unknown>>
}

export interface BindingSources {
  /** A file like `default-env.json`, when one was named. */
  readonly file?: string
  readonly dataDirectory: string
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Looks for service bindings: the named file, the state of a data directory that was named, VCAP_SERVICES,
 * default-env.json of the working directory, and the state of the usual data directory, in this order. The state also tells which CA to trust, wherever the bindings are from.
 * @throws PlatformError CLI_NOT_RUNNING when there is none, CLI_BINDINGS_INVALID
 */
export function findBindings(sources: BindingSources): Bindings {
  const state = findState(sources.dataDirectory)
  const trust = {
    caFiles: [...(state === undefined ? [] : [state.caFile]), ...extraCa(sources.environment)].filter(existsSync),
    hostNames: state?.hostNames ?? [],
    address: state?.address ?? '127.0.0.1',
  }
  const { source, json } = readBindings(sources, state)
  return { source, services: checked(json, source), ...trust }
}

function readBindings(
  { file, environment, workingDirectory, dataDirectory }: BindingSources,
  state: PlatformState | undefined,
): { readonly source: string; readonly json: unknown } {
  if (file !== undefined) return { source: file, json: fromFile(file) }
  // Whoever names a directory means it, and not the bindings that another one has left here.
  const isNamed = dataDirectory !== usualDataDirectory
  if (isNamed && state !== undefined && Object.keys(state.vcapServices).length > 0)
    return { source: dataDirectory, json: state.vcapServices }
  const variable = environment.VCAP_SERVICES
  if (variable !== undefined && variable !== '')
    return { source: 'VCAP_SERVICES', json: parse(variable, 'VCAP_SERVICES') }
  const standard = join(workingDirectory, 'default-env.json')
  if (existsSync(standard)) return { source: standard, json: fromFile(standard) }
  if (state === undefined) throw new PlatformError('CLI_NOT_RUNNING', { path: dataDirectory })
  return { source: dataDirectory, json: state.vcapServices }
}

function fromFile(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new PlatformError(
      'CLI_BINDINGS_INVALID',
      { path: file, reason: fileReason(cause, 'it cannot be read') },
      { cause },
    )
  }
  const json = parse(text, file)
  const services = typeof json === 'object' && json !== null && 'VCAP_SERVICES' in json ? json.VCAP_SERVICES : undefined
  if (services === undefined)
    throw new PlatformError('CLI_BINDINGS_INVALID', { path: file, reason: 'it has no VCAP_SERVICES' })
  return typeof services === 'string' ? parse(services, file) : services
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which holds secrets.
    throw new PlatformError('CLI_BINDINGS_INVALID', { path, reason: 'it is not JSON' })
  }
}

function checked(json: unknown, path: string): Bindings['services'] {
  const wrong = (reason: string): PlatformError => new PlatformError('CLI_BINDINGS_INVALID', { path, reason })
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('it is not a map of services')
  for (const [service, bindings] of Object.entries(json)) {
    if (!Array.isArray(bindings)) throw wrong(`${service} is not a list of bindings`)
    for (const binding of bindings as readonly unknown[])
      if (typeof binding !== 'object' || binding === null || !('credentials' in binding))
        throw wrong(`a binding of ${service} has no credentials`)
  }
  // Every entry was just checked for what this type promises, except for the types of single credentials.
  return json as Bindings['services']
}

function extraCa(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const file = environment.NODE_EXTRA_CA_CERTS
  return file === undefined || file === '' ? [] : [file]
}

/** The credentials of the first binding of a service. @throws PlatformError CLI_BINDING_MISSING */
export function credentialsOf(bindings: Bindings, service: string): Readonly<Record<string, unknown>> {
  const binding = bindings.services[service]?.[0]
  if (binding === undefined) throw new PlatformError('CLI_BINDING_MISSING', { service, path: bindings.source })
  return binding.credentials
}

/** One credential that must be a non-empty text. @throws PlatformError CLI_BINDINGS_INVALID */
export function textCredential(bindings: Bindings, service: string, ...names: readonly [string, ...string[]]): string {
  const credentials = credentialsOf(bindings, service)
  for (const name of names) {
    const value = credentials[name]
    if (typeof value === 'string' && value !== '') return value
  }
  throw new PlatformError('CLI_BINDINGS_INVALID', {
    path: bindings.source,
    reason: `the credentials of ${service} have no text ${names.join(' or ')}`,
  })
}
