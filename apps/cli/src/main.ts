import { runCli } from './run-cli.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await runCli(process.argv.slice(2), processTerminal())
// Whatever is still open now (an idle connection, a component that did not stop) must not keep the command alive.
setTimeout(() => process.exit(), 1_000).unref()
