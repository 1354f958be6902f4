/** Set by the launcher (`bin/starters.mjs`) where the platform is to end with those who started it. */
const variable = 'LANDBRIDGE_STARTERS'

/** Reads the process ids and takes them out of the environment: they are no configuration, and not for our children. */
export function takeStarters(environment: NodeJS.ProcessEnv): readonly number[] {
  const value = environment[variable] ?? ''
  delete environment[variable]
  return value
    .split(',')
    .map(Number)
    .filter((pid) => Number.isSafeInteger(pid) && pid > 1)
}

/** Calls `run` once, within half a second after one of the processes has ended. Does not keep this process alive. */
export function whenOneIsGone(pids: readonly number[], run: () => void): void {
  if (pids.length === 0) return
  const timer = setInterval(() => {
    if (pids.every(isAlive)) return
    clearInterval(timer)
    run()
  }, 500)
  timer.unref()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (failure) {
    // It may belong to another user by now (EPERM): then it lives.
    return (failure as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
