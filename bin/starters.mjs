// Who must live for the platform to go on. Plain JavaScript on purpose, like the launcher that reads it.
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'

/** Says the processes to the one that goes on, by their ids with commas between. */
export const startersVariable = 'LANDBRIDGE_STARTERS'

/**
 * The processes that stand between a person and the platform after `npm start`: the shell, and npm. npm 10 and 11 hand
 * SIGTERM and SIGINT to the shell only; one that does not replace itself by the command (dash, the `sh` of Debian) ends of
 * it, and the platform would run on with nobody to stop it. SIGHUP and SIGKILL are not handed on at all.
 *
 * Only for our own start script: with `landbridge up &`, nohup or a service manager the end of a shell means nothing.
 * The parent of the shell is asked for in /proc; elsewhere the direct parent is all that is known, and on macOS all that
 * there is between: its shell replaces itself. None when something else has started us.
 */
export function startersOf(environment, manifest, parent, look = lookInProc) {
  if (environment.npm_lifecycle_event !== 'start' || environment.npm_package_json !== manifest) return []
  const npm = realPathOf(environment.npm_node_execpath)
  const shell = look(parent)
  if (npm === undefined || shell === undefined || shell.program === npm) return [parent]
  return look(shell.parent)?.program === npm ? [parent, shell.parent] : [parent]
}

function realPathOf(path) {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** The /proc of Linux. The name of a program may hold blanks and brackets, so what is read stands behind the last one. */
function lookInProc(pid) {
  try {
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
    return { program: readlinkSync(`/proc/${pid}/exe`), parent: Number(parent) }
  } catch {
    return undefined
  }
}
