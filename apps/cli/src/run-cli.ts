import { toProblem } from '@landbridge/kernel'
import { CommanderError } from 'commander'
import { errorText } from './output/error-text.ts'
import { fileFailure } from './output/file-failure.ts'
import { createProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command. @returns the exit status: 0 success, 1 failure, 2 wrong usage. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const outcome = { status: 0 }
  const program = createProgram(terminal, (status) => {
    outcome.status = status
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return outcome.status
  } catch (thrown) {
    // Commander has printed its message already; its own codes say whether help was asked for or missed.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
    const failure = fileFailure(thrown) ?? thrown
    if (args.includes('--json')) terminal.note(JSON.stringify(toProblem(failure)))
    else terminal.note(errorText(failure, terminal.errorStyle))
    return 1
  }
}
