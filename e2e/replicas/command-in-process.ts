import { runCli, type Terminal } from '@landbridge/cli'

/** A command that keeps running, in this process: many starts of it would otherwise load the same code many times. */
export interface CommandInProcess {
  /** The JSON document that it printed when it was ready. */
  readonly announced: ReturnType<typeof JSON.parse>
  /** Asks it to end and waits. @returns its exit status */
  stop(): Promise<number>
}

/** Starts a command with `--json`, without an environment. @throws Error with what it wrote when it ends before it is ready */
export async function startCommand(args: readonly string[]): Promise<CommandInProcess> {
  const printed = Promise.withResolvers<string>()
  const stopping = Promise.withResolvers<void>()
  let notes = ''
  const plain = (text: string): string => text
  const style = { strong: plain, good: plain, bad: plain, dim: plain }
  const terminal: Terminal = {
    ...{ environment: {}, workingDirectory: process.cwd(), style, errorStyle: style, isInteractive: false },
    print: printed.resolve,
    write: async () => {},
    note(line) {
      notes = `${notes}${line}\n`.slice(-20_000)
    },
    askSecret: async () => undefined,
    onStop: (run) => void stopping.promise.then(run),
  }
  const ended = runCli([...args, '--json'], terminal)
  const announced = await Promise.race([printed.promise, ended.then(() => undefined)])
  if (announced === undefined) throw new Error(`${args.join(' ')} ended with ${await ended}: ${notes}`)
  return {
    announced: JSON.parse(announced),
    stop() {
      stopping.resolve()
      return ended
    },
  }
}
