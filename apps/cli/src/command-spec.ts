import { type Command, InvalidArgumentError, Option } from 'commander'
import { usualDataDirectory } from './state/data-directory.ts'
import type { Terminal } from './terminal.ts'

/** What every command is given. */
export interface CommandContext {
  readonly program: Command
  readonly terminal: Terminal
  /** Sets the exit status without an error message, for commands whose answer is "no". */
  readonly exitWith: (status: number) => void
}

/** Adds a command with the options and the help that all commands share. */
export function addCommand(
  context: CommandContext,
  name: string,
  summary: string,
  examples: readonly (readonly [command: string, meaning: string])[],
): Command {
  const width = Math.max(...examples.map(([command]) => command.length))
  const lines = examples.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`)
  return context.program
    .command(name)
    .description(summary)
    .addOption(new Option('--json', 'print one JSON document instead of text'))
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** A command that has actions of its own; they are added to the context that it returns. */
export function addGroup(
  context: CommandContext,
  name: string,
  summary: string,
  examples: readonly (readonly [command: string, meaning: string])[],
): CommandContext {
  const width = Math.max(...examples.map(([command]) => command.length))
  const lines = examples.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`)
  const program = context.program
    .command(name)
    .description(summary)
    .addHelpText('after', `\nEvery action takes --json.\n\nExamples:\n${lines.join('\n')}`)
  return { ...context, program }
}

/** The option that names the data directory, with the same text everywhere. */
export function dataOption(): Option {
  return new Option('--data <dir>', 'data directory').default(usualDataDirectory)
}

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

/** Reads an option that is a number of days or the like. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}
