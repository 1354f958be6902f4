import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folder that a Cloud Connector was installed into: what an upgrade keeps is in `config` and `log`. */
export interface InstalledHome {
  readonly folder: string
  /** Settings, database, keys. */
  readonly config: string
  readonly log: string
  /** The settings that a person edits. */
  readonly settings: string
}

export function homeAt(path: string): InstalledHome {
  const folder = resolve(path)
  const config = join(folder, 'config')
  return { folder, config, log: join(folder, 'log'), settings: join(config, 'scc.yaml') }
}

/**
 * Goes on as the user to whom the configuration belongs, when root calls: files that root made would be closed to the
 * service.
 */
export function becomeOwner({ config }: InstalledHome): void {
  const { getuid, setgid, setuid, setgroups } = process
  if (getuid?.() !== 0) return
  const owner = statSync(config, { throwIfNoEntry: false })
  if (owner === undefined || owner.uid === 0) return
  setgroups?.([owner.gid])
  setgid?.(owner.gid)
  setuid?.(owner.uid)
}
