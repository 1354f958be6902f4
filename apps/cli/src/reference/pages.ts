import { createStyle } from '../output/style.ts'
import { createProgram } from '../program.ts'
import type { Terminal } from '../terminal.ts'
import { commandReference } from './command-reference.ts'
import { errorReference } from './error-reference.ts'

/** All generated pages by their path below `docs/reference`. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'commands.md': commandReference(createProgram(silentTerminal, () => {})),
    'errors.md': errorReference(),
  }
}

const plain = createStyle(false, {})

/** Help is taken from the commands themselves, so nothing is ever written here. */
const silentTerminal: Terminal = {
  environment: {},
  workingDirectory: '.',
  style: plain,
  errorStyle: plain,
  print() {},
  note() {},
  async write() {},
  onStop() {},
}
