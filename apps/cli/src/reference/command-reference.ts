import type { Command } from 'commander'

/** The page `docs/reference/commands.md`: the help of every command, as the program prints it. */
export function commandReference(program: Command): string {
  const introduction = `# Commands

The help of every command, generated from the program by \`npm run docs\`; do not edit. Results go to standard output,
progress and errors to standard error. Exit status: 0 success, 1 failure (or "no"), 2 wrong usage.`
  return `${[introduction, ...program.commands.map(section)].join('\n\n')}\n`
}

function section(command: Command): string {
  let help = ''
  command.configureHelp({ helpWidth: 100 }).configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  return `## landbridge ${command.name()}\n\n\`\`\`text\n${help.trim()}\n\`\`\``
}
