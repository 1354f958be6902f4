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

const marks = { here: 'database-here', elsewhere: 'database-elsewhere' } as const

/** Leaves a mark that says whether the database is in the data directory: whoever changes its key has to know. */
export function rememberDatabase(dataDirectory: string, storeUrl: string): void {
  const [place, other] =
    storeUrl === ownDatabase(dataDirectory) ? (['here', 'elsewhere'] as const) : (['elsewhere', 'here'] as const)
  const mark = join(dataDirectory, marks[place])
  if (!existsSync(mark))
    writeFileWhole(mark, `The process of this directory was last started with its database ${place}.\n`)
  rmSync(join(dataDirectory, marks[other]), { force: true })
}

/** Unknown: no version that leaves marks was started there, or it was killed between the two. */
export type DatabasePlace = keyof typeof marks | 'unknown'

export function databasePlace(dataDirectory: string): DatabasePlace {
  const [here, elsewhere] = [marks.here, marks.elsewhere].map((name) => existsSync(join(dataDirectory, name)))
  if (here === elsewhere) return 'unknown'
  return here ? 'here' : 'elsewhere'
}
