import type { Terminal } from '@landbridge/cli'
import type { ChildOptions, Finished } from './child.ts'

const plain = (text: string): string => text
const noColours = { strong: plain, good: plain, bad: plain, dim: plain }

/**
 * Runs a command of the command line to its end in this process: a new process would only load the same code again, which
 * costs more than most commands. What the launcher or the end of a process does is for `runLandbridge` to prove; commands
 * that keep running are for `runUntilReady`.
 */
export async function runCommand(
  args: readonly string[],
  options: Omit<ChildOptions, 'input'> = {},
): Promise<Finished> {
  // Loaded only here: most tests need no command line.
  const { runCli } = await import('@landbridge/cli')
  const stdout: Uint8Array[] = []
  let stderr = ''
  const terminal: Terminal = {
    environment: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    workingDirectory: options.cwd ?? process.cwd(),
    style: noColours,
    errorStyle: noColours,
    print: (line) => void stdout.push(Buffer.from(`${line}\n`)),
    async write(bytes) {
      stdout.push(bytes)
    },
    note(line) {
      stderr += `${line}\n`
    },
    isInteractive: false,
    askSecret: async () => undefined,
    onStop() {},
  }
  const status = await runCli(args, terminal)
  return { status, stdout: Buffer.concat(stdout).toString('utf8'), stderr }
}
