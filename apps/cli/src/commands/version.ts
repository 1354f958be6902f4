import { addCommand, type CommandContext } from '../command-spec.ts'
import { productVersion } from '../version.ts'

/** `landbridge version`: of the product and of the Node that runs it. */
export function addVersionCommand(context: CommandContext): void {
  addCommand(context, 'version', 'print the version of Landbridge and of the Node that runs it', [
    ['landbridge version', 'for people'],
    ['landbridge version --json', 'for scripts'],
  ]).action((options: { json?: boolean }) => {
    const version = { landbridge: productVersion(), node: process.versions.node }
    context.terminal.print(
      options.json ? JSON.stringify(version) : `landbridge ${version.landbridge} (Node ${version.node})`,
    )
  })
}
