import type { CommandNode } from './command-tree.ts'

export const shells = ['bash', 'zsh', 'fish'] as const

/** The completion script of a shell. */
export function completionScript(shell: (typeof shells)[number], commands: readonly CommandNode[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      return zshScript(commands)
    case 'fish':
      return fishScript(commands)
    default:
      return shell satisfies never
  }
}

function bashScript(commands: readonly CommandNode[]): string {
  const cases = commands.map((command) => {
    const words = [...command.choices, ...command.options.flatMap((option) => option.flags)]
    const values = command.options.filter((option) => option.takesValue).flatMap((option) => option.flags)
    const files =
      values.length === 0
        ? ''
        : `case "$previous" in ${values.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return;; esac; `
    return `    ${command.name}) ${files}words="${words.join(' ')}";;`
  })
  return `# bash completion for landbridge
_landbridge() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(' ')} help --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _landbridge landbridge`
}

function zshScript(commands: readonly CommandNode[]): string {
  const names = commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`)
  const cases = commands.map((command) => {
    const options = command.options.flatMap((option) =>
      option.flags.map((flag) =>
        quote(`${flag}[${bracket(option.summary)}]${option.takesValue ? ':value:_files' : ''}`),
      ),
    )
    const choices = command.choices.length === 0 ? [] : [quote(`1:choice:(${command.choices.join(' ')})`)]
    return `    ${command.name}) _arguments ${[...options, ...choices].join(' ')};;`
  })
  return `#compdef landbridge
_landbridge() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _landbridge landbridge`
}

function fishScript(commands: readonly CommandNode[]): string {
  const lines = ['# fish completion for landbridge', 'complete -c landbridge -f']
  for (const command of commands) {
    lines.push(`complete -c landbridge -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`)
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`
    for (const choice of command.choices) lines.push(`complete -c landbridge ${when} -a ${choice}`)
    for (const option of command.options) {
      const flags = option.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
      const value = option.takesValue ? ' -r -F' : ''
      lines.push(`complete -c landbridge ${when} ${flags.join(' ')}${value} -d ${quote(option.summary)}`)
    }
  }
  return lines.join('\n')
}

/** Single quotes for a POSIX shell; fish reads the same form. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function bracket(text: string): string {
  return text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -')
}
