import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { clientError, reasonOf } from '../client-error.ts'
import type { Binding } from './binding.ts'

type Files = Readonly<Record<string, string>>

interface Property {
  readonly name: string
  readonly format?: string
  readonly container?: boolean
}

/**
 * Bindings that Kubernetes mounts as files below a directory, in two layouts: `<root>/<binding>/<key>` with a file `type`
 * (servicebinding.io), and `<root>/<service>/<instance>/<key>`. Nothing is read where the directory does not exist.
 * @throws PlatformError CLIENT_BINDING_INVALID
 */
export function readBindingRoot(root: string): readonly Binding[] {
  if (!existsSync(root)) return []
  return directories(root).flatMap((folder) => {
    const files = readFiles(folder)
    if (files.type !== undefined) return [typedBinding(folder, files)]
    return directories(folder).map((instance) => secretBinding(basename(folder), instance))
  })
}

/** A servicebinding.io binding; `.metadata` says which files are credentials and which are JSON. */
function typedBinding(folder: string, files: Files): Binding {
  const { '.metadata': metadata, type = '', provider: _provider, ...rest } = files
  const described = metadata === undefined ? undefined : parseObject(metadata, join(folder, '.metadata'))
  const properties = described?.credentialProperties as readonly Property[] | undefined
  const tags = files.tags === undefined ? undefined : tryParse(files.tags)
  return {
    label: (files.label ?? type).trim(),
    name: basename(folder),
    ...(files.plan === undefined ? {} : { plan: files.plan.trim() }),
    tags: [...(Array.isArray(tags) ? tags.map(String) : []), type.trim()],
    credentials: properties === undefined ? parsed(rest) : listed(properties, files, folder),
  }
}

function listed(properties: readonly Property[], files: Files, folder: string): Record<string, unknown> {
  const credentials: Record<string, unknown> = {}
  for (const { name, format, container } of properties) {
    const text = files[name]
    if (text === undefined) continue
    if (container === true) Object.assign(credentials, parseObject(text, join(folder, name)))
    else credentials[name] = format === 'json' ? (tryParse(text) ?? text) : text
  }
  return credentials
}

function secretBinding(service: string, folder: string): Binding {
  const { label = service, tags, plan, ...rest } = readFiles(folder)
  const list = tags === undefined ? undefined : tryParse(tags)
  return {
    label: label.trim(),
    name: basename(folder),
    ...(plan === undefined ? {} : { plan: plan.trim() }),
    tags: [...new Set([...(Array.isArray(list) ? list.map(String) : []), service])],
    credentials: parsed(rest),
  }
}

/** Files that hold a JSON object are read as such; every other file stays text, untrimmed. */
function parsed(files: Files): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      const value = text.trimStart().startsWith('{') ? tryParse(text) : undefined
      return [name, value ?? text]
    }),
  )
}

function parseObject(text: string, source: string): Readonly<Record<string, unknown>> {
  const value = tryParse(text)
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  throw clientError('CLIENT_BINDING_INVALID', { source, reason: 'not a JSON object' })
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Kubernetes keeps the files in a directory `..data` and links to them: names with two dots are its own. */
function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('..'))
      .sort()
      .map((name) => join(folder, name))
  } catch (cause) {
    throw clientError('CLIENT_BINDING_INVALID', { source: folder, reason: reasonOf(cause) }, { cause })
  }
}

function directories(folder: string): readonly string[] {
  return entries(folder).filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
}

function readFiles(folder: string): Files {
  const files = entries(folder).filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
  try {
    return Object.fromEntries(files.map((path) => [basename(path), readFileSync(path, 'utf8')]))
  } catch (cause) {
    throw clientError('CLIENT_BINDING_INVALID', { source: folder, reason: reasonOf(cause) }, { cause })
  }
}
