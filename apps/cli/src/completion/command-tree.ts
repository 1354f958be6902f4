import type { Command } from 'commander'

/** What a shell needs to know to complete a command line. */
export interface CommandNode {
  readonly name: string
  readonly summary: string
  readonly options: readonly {
    readonly flags: readonly string[]
    readonly summary: string
    readonly takesValue: boolean
  }[]
  /** Fixed values of the first argument. */
  readonly choices: readonly string[]
}

/** Reads the commands of the program, so that a script can never know fewer or more than the program does. */
export function commandTree(program: Command): readonly CommandNode[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    options: [
      ...command.options.map((option) => ({
        flags: [option.long, option.short].filter((flag) => typeof flag === 'string'),
        summary: option.description,
        takesValue: option.required || option.optional,
      })),
      { flags: ['--help'], summary: 'show help', takesValue: false },
    ],
    choices: command.registeredArguments[0]?.argChoices ?? command.commands.map((below) => below.name()),
  }))
}
