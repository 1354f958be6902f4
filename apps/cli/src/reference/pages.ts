import { configReference } from '@landbridge/config'
import { type ComponentName, componentNames } from '../config/component-names.ts'
import { components } from '../config/component-schemas.ts'
import { createStyle } from '../output/style.ts'
import { createProgram } from '../program.ts'
import type { Terminal } from '../terminal.ts'
import { commandReference } from './command-reference.ts'
import { errorReference } from './error-reference.ts'

/** All generated pages by their path below `docs/reference`. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'commands.md': commandReference(createProgram(silentTerminal, () => {})),
    'configuration.md': configurationIndex(),
    'errors.md': errorReference(),
    ...Object.fromEntries(componentNames.map((name) => [`configuration-${name}.md`, configurationPage(name)])),
  }
}

function configurationPage(name: ComponentName): string {
  const { schema, summary } = components[name]
  return configReference(schema, { title: `Configuration of landbridge ${name}`, introduction: summary })
}

function configurationIndex(): string {
  const links = componentNames.map(
    (name) => `- [landbridge ${name}](configuration-${name}.md): ${components[name].summary}`,
  )
  return `# Configuration

Each process has a configuration of its own. A value comes from, weakest first: the default, the YAML file given with
\`--config\`, the environment (\`LANDBRIDGE_<SECTION>_<KEY>\`), the command line (\`--set key=value\`). Everything is checked
before anything starts, and all problems are reported at once; an unknown key is an error.

A secret is a reference to a file: \`key: { file: path }\` in YAML (relative to the YAML file), \`<NAME>_FILE=path\` in the
environment. \`landbridge config print\` shows every value with its origin and no secret. Generated from the schemas by
\`npm run docs\`; do not edit.

${links.join('\n')}
`
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
  isInteractive: false,
  askSecret: async () => undefined,
  onStop() {},
}
