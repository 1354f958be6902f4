import { Argument, Option } from 'commander'
import { findBindings } from '../binding/find-bindings.ts'
import { fetchToken, fetchUserToken } from '../call/token.ts'
import { readLogin, type UserLogin } from '../call/user-login.ts'
import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { createAgent } from '../http/agent.ts'

interface TokenOptions {
  readonly data: string
  readonly env?: string
  readonly user?: UserLogin
  readonly json?: boolean
}

/** `landbridge token SERVICE`: an access token for the client of a binding, for curl and for experiments. */
export function addTokenCommand(context: CommandContext): void {
  addCommand(context, 'token', 'print an access token for a bound service', [
    ['landbridge token connectivity', 'a technical token for the connectivity proxy'],
    ['landbridge token xsuaa --user alice:secret', "a user's token, as an application gets it after the login"],
    ['landbridge token connectivity --user alice:secret', 'the same, exchanged for the connectivity proxy'],
  ])
    .addArgument(new Argument('<service>', 'the bound service').choices(['xsuaa', 'destination', 'connectivity']))
    .addOption(
      new Option('--user <name[:password]>', 'a token of this user').argParser((text: string) =>
        readLogin(text, context.terminal.environment),
      ),
    )
    .addOption(new Option('--env <file>', 'bindings in a file like default-env.json'))
    .addOption(dataOption())
    .action((service: string, options: TokenOptions) => run(context, service, options))
}

async function run({ terminal }: CommandContext, service: string, options: TokenOptions): Promise<void> {
  const bindings = findBindings({
    ...(options.env === undefined ? {} : { file: options.env }),
    dataDirectory: options.data,
    workingDirectory: terminal.workingDirectory,
    environment: terminal.environment,
  })
  const agent = createAgent(bindings)
  const signal = AbortSignal.timeout(30_000)
  try {
    const token =
      options.user === undefined
        ? await fetchToken(bindings, service, { kind: 'technical' }, agent, signal)
        : await fetchUserToken(bindings, service, options.user, agent, signal)
    terminal.print(options.json ? JSON.stringify({ access_token: token, token_type: 'bearer' }) : token)
  } finally {
    await agent.destroy()
  }
}
