import { Argument } from 'commander'
import { addCommand, type CommandContext } from '../command-spec.ts'
import { commandTree } from '../completion/command-tree.ts'
import { completionScript, shells } from '../completion/scripts.ts'

/** `landbridge completion SHELL`: a script to source. */
export function addCompletionCommand(context: CommandContext): void {
  addCommand(context, 'completion', 'print a script that completes commands and options in a shell', [
    ['source <(landbridge completion bash)', 'bash, for this session'],
    ['source <(landbridge completion zsh)', 'zsh, for this session'],
    ['landbridge completion fish > ~/.config/fish/completions/landbridge.fish', 'fish, for good'],
  ])
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell: (typeof shells)[number], options: { json?: boolean }) => {
      const tree = commandTree(context.program)
      context.terminal.print(options.json ? JSON.stringify(tree) : completionScript(shell, tree))
    })
}
