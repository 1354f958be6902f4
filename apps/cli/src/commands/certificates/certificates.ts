import { addGroup, type CommandContext } from '../../command-spec.ts'
import { addCommunicationUserCommands, addMappingCommands } from './mapping-commands.ts'
import { addRefreshCommand } from './refresh-command.ts'

/** `landbridge certificates ACTION`: certificates of the whole system. */
export function addCertificatesCommands(context: CommandContext): void {
  const group = addGroup(context, 'certificates', 'certificates: mappings to users, refreshing connectors', [
    ['landbridge certificates mappings list', 'who may call with which certificate'],
    ['landbridge certificates refresh-connector --help', 'a new certificate for a Cloud Connector'],
  ])
  addMappingCommands(group)
  addCommunicationUserCommands(group)
  addRefreshCommand(group)
}
