import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudConfig } from '../compose/cloud-config.ts'
import { writeFileWhole } from './write-file.ts'

/** The URL of the database that a configuration of the cloud side names. */
export function cloudStoreUrl({ store }: Pick<CloudConfig, 'store'>, dataDirectory: string): string {
  return store.postgresUrl?.reveal() ?? (store.url === '' ? ownDatabase(dataDirectory) : store.url)
}

function ownDatabase(dataDirectory: string): string {
  return `sqlite:${join(dataDirectory, 'cloud.db')}`
}

/** Leaves a mark where the database is not in the data directory: whoever changes its key has to know. */
export function rememberDatabase(dataDirectory: string, storeUrl: string): void {
  const mark = join(dataDirectory, markName)
  if (storeUrl === ownDatabase(dataDirectory)) rmSync(mark, { force: true })
  else writeFileWhole(mark, 'The database of this process is the one that its configuration names.\n')
}

const markName = 'database-elsewhere'

/** False as well when there is none. */
export function hasOwnDatabase(dataDirectory: string): boolean {
  return existsSync(join(dataDirectory, 'cloud.db')) && !existsSync(join(dataDirectory, markName))
}
