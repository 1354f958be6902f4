import type { PlatformEndpoints } from './endpoints.ts'
import type { BoundService, Credentials } from './render-credentials.ts'
import { vcapEntry } from './render-vcap-services.ts'

/** Path below the root of the mounted secrets → content. Contents have no trailing newline. */
export type BindingFiles = Readonly<Record<string, string>>

/**
 * One directory per service as servicebinding.io describes it, with the `.metadata` file that SAP's libraries read
 * (real-clients 4.2). Structured credentials are JSON.
 */
export function renderServiceBinding(bound: BoundService, endpoints: PlatformEndpoints): BindingFiles {
  const entry = vcapEntry(bound, bound.instance.name, endpoints)
  const metadata = {
    type: entry.label,
    label: entry.label,
    tags: entry.tags,
    plan: entry.plan,
    instance_name: entry.instance_name,
    instance_guid: entry.instance_guid,
  }
  const document = { metaDataProperties: formats(metadata), credentialProperties: formats(entry.credentials) }
  return below(entry.name, {
    ...asFiles(entry.credentials),
    ...asFiles(metadata),
    '.metadata': JSON.stringify(document),
  })
}

/** The layout `<root>/<service>/<instance>/<key>` with `label` and `tags` files (real-clients 4.2). */
export function renderSecretMount(bound: BoundService, endpoints: PlatformEndpoints): BindingFiles {
  const entry = vcapEntry(bound, bound.instance.name, endpoints)
  return below(`${entry.label}/${entry.name}`, {
    ...asFiles(entry.credentials),
    label: entry.label,
    plan: entry.plan,
    tags: JSON.stringify(entry.tags),
  })
}

/** The flat layout `<root>/<service>/<key>`, for one instance of each service. */
export function renderFlatSecret(bound: BoundService, endpoints: PlatformEndpoints): BindingFiles {
  const entry = vcapEntry(bound, bound.instance.name, endpoints)
  return below(entry.label, asFiles(entry.credentials))
}

function asFiles(values: Credentials): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

function formats(values: Credentials): { name: string; format: 'text' | 'json' }[] {
  return Object.entries(values).map(([name, value]) => ({ name, format: typeof value === 'string' ? 'text' : 'json' }))
}

function below(folder: string, files: Readonly<Record<string, string>>): BindingFiles {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]))
}
