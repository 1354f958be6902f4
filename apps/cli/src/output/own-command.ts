import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'

const launcher = join(import.meta.dirname, '../../../../bin/landbridge.mjs')

/** How the reader of a message calls this program from the current directory: `landbridge` if it is in the path. */
export function ownCommand(
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): string {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  if (folders.some((folder) => isOurs(join(folder, 'landbridge')))) return 'landbridge'
  const path = relative(workingDirectory, launcher)
  return path.startsWith('..') ? launcher : `./${path}`
}

function isOurs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return realpathSync(path) === realpathSync(launcher)
  } catch {
    return false
  }
}
