import { Command } from 'commander'
import type { CommandContext } from './command-spec.ts'
import { addAccessControlCommands } from './commands/access-control/access-control.ts'
import { addCallCommand } from './commands/call.ts'
import { addCertificateCommand } from './commands/certificate.ts'
import { addCertificatesCommands } from './commands/certificates/certificates.ts'
import { addCloudCommand } from './commands/cloud.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addConfigCommand } from './commands/config.ts'
import { addConnectorCommand } from './commands/connector.ts'
import { addConnectorsCommands } from './commands/connectors/connectors.ts'
import { addDestinationCommands } from './commands/destination/destination.ts'
import { addDiagnoseCommands } from './commands/diagnose/diagnose.ts'
import { addEnvCommand } from './commands/env.ts'
import { addHostsCommand } from './commands/hosts.ts'
import { addKeysCommands } from './commands/keys.ts'
import { addNotificationCommands } from './commands/notifications/notifications.ts'
import { addProxyCommand } from './commands/proxy.ts'
import { addRfcForwardCommand } from './commands/rfc-forward.ts'
import { addServiceCommands } from './commands/service/service.ts'
import { addStatusCommand } from './commands/status.ts'
import { addSubscriptionCommands } from './commands/subscription/subscription.ts'
import { addTokenCommand } from './commands/token.ts'
import { addTransparentProxyCommand } from './commands/transparent-proxy.ts'
import { addUpCommand } from './commands/up.ts'
import { addUserCommands } from './commands/user/user.ts'
import { addVersionCommand } from './commands/version.ts'
import type { Terminal } from './terminal.ts'
import { productVersion } from './version.ts'

/** The whole command line as a tree of commands, without running anything. */
export function createProgram(terminal: Terminal, exitWith: (status: number) => void): Command {
  const program = new Command('landbridge')
    .description('Open, self-hostable hybrid connectivity: destinations, connectivity proxy and Cloud Connector.')
    .version(productVersion(), '-V, --version', 'print the version')
    .showSuggestionAfterError(true)
    .showHelpAfterError('Run the command with --help to see its options.')
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .exitOverride()
    .addHelpText(
      'after',
      '\nStart here:\n  landbridge up                         everything in one process, with a demo landscape\n  landbridge call demo-backend /hello   in a second terminal',
    )
  const context: CommandContext = { program, terminal, exitWith }
  addUpCommand(context)
  addCloudCommand(context)
  addConnectorCommand(context)
  addAccessControlCommands(context)
  addProxyCommand(context)
  addEnvCommand(context)
  addCallCommand(context)
  addTokenCommand(context)
  addDestinationCommands(context)
  addTransparentProxyCommand(context)
  addRfcForwardCommand(context)
  addServiceCommands(context)
  addSubscriptionCommands(context)
  addUserCommands(context)
  addConnectorsCommands(context)
  addStatusCommand(context)
  addHostsCommand(context)
  addDiagnoseCommands(context)
  addNotificationCommands(context)
  addCertificateCommand(context)
  addCertificatesCommands(context)
  addKeysCommands(context)
  addConfigCommand(context)
  addCompletionCommand(context)
  addVersionCommand(context)
  return program
}
