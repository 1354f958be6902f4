import type { Command } from 'commander'

/** The page `docs/reference/commands.md`: the help of every command, as the program prints it. */
export function commandReference(program: Command): string {
  const introduction = `# Commands

The help of every command, generated from the program by \`npm run docs\`; do not edit. Results go to standard output,
progress and errors to standard error. Exit status: 0 success, 1 failure (or "no"), 2 wrong usage.`
  return `${[introduction, ...program.commands.flatMap((command) => section(command))].join('\n\n')}\n`
}

function section(command: Command, path = 'landbridge'): readonly string[] {
  const name = `${path} ${command.name()}`
  return [page(command, name), ...command.commands.flatMap((below) => section(below, name))]
}

function page(command: Command, name: string): string {
  let help = ''
  command.configureHelp({ helpWidth: 100 }).configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  return `## ${name}\n\n\`\`\`text\n${help.trim()}\n\`\`\``
}
