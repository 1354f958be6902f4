/** A command from the test, and its answer. */
export interface Command {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

export interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly failure?: string
}

/** What a process offers, by name. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>

/**
 * Runs a process of the tests: the first command, `start`, brings settings; later ones arrive by name. The process ends
 * with its parent, however that ends.
 */
export function serveCommands<S>(start: (settings: S) => Promise<{ ready: unknown; commands: Commands }>): void {
  let commands: Commands = {
    memory: () => process.memoryUsage().rss,
    sockets: () => process.getActiveResourcesInfo().filter((name) => /^(TCPSocket|TLS)/.test(name)).length,
  }
  process.once('disconnect', () => process.exit(0))
  process.on('message', (message: Command) => {
    const run = async (): Promise<unknown> => {
      if (message.name === 'start') {
        const started = await start(message.argument as S)
        commands = { ...commands, ...started.commands }
        return started.ready
      }
      const command = commands[message.name]
      if (command === undefined) throw new Error(`no command ${message.name}`)
      return command(message.argument as never)
    }
    run().then(
      (result) => answer({ id: message.id, result }),
      (failure: unknown) =>
        answer({ id: message.id, failure: failure instanceof Error ? (failure.stack ?? '') : String(failure) }),
    )
  })
}

function answer(reply: Reply): void {
  if (process.connected) process.send?.(reply)
}
