import type { TObject } from '@sinclair/typebox'
import { expectation } from './expectation.ts'
import { environmentName } from './names.ts'
import { readSection, type SchemaNode, type Section, type Setting } from './schema-node.ts'

export interface ReferenceOptions {
  /** First heading of the page. */
  readonly title: string
  /** Paragraphs below it, Markdown. */
  readonly introduction: string
  /** Start of the names of environment variables. Default `LANDBRIDGE_`. */
  readonly prefix?: string
}

/** The reference page of a configuration as Markdown, generated from its schema and nothing else. */
export function configReference(schema: TObject, options: ReferenceOptions): string {
  const prefix = options.prefix ?? 'LANDBRIDGE_'
  const parts = [`# ${options.title}`, options.introduction.trim(), ...pages(readSection(schema as SchemaNode), prefix)]
  return `${parts.join('\n\n')}\n`
}

function pages(section: Section, prefix: string): readonly string[] {
  const heading = section.path === '' ? [] : [`## ${section.path}`]
  const text = [section.node.description, section.optional ? 'Optional: absent unless one of its keys is set.' : '']
    .filter((sentence) => sentence !== undefined && sentence !== '')
    .join(' ')
  const table =
    section.settings.length === 0
      ? []
      : [
          ['| Key | Accepts | Default | Environment | Meaning |', '|---|---|---|---|---|']
            .concat(section.settings.map((setting) => row(setting, prefix)))
            .join('\n'),
        ]
  const own = section.path !== '' && text !== '' ? [text] : []
  return [...heading, ...own, ...table, ...section.sections.flatMap((child) => pages(child, prefix))]
}

function row(setting: Setting, prefix: string): string {
  const name = environmentName(setting.path, prefix)
  const cells = [
    `\`${setting.path}\``,
    cell(expectation(setting.node)),
    standard(setting),
    `\`${setting.isSecret ? `${name}_FILE` : name}\``,
    cell([setting.node.description ?? '', reload(setting.node)].filter((text) => text !== '').join(' ')),
  ]
  return `| ${cells.join(' | ')} |`
}

function standard(setting: Setting): string {
  if (setting.node.default !== undefined) return `\`${cell(JSON.stringify(setting.node.default))}\``
  return setting.required ? 'required' : 'none'
}

function reload(node: SchemaNode): string {
  return node['x-reload'] === undefined ? '' : `Takes effect: ${node['x-reload']}.`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** A YAML file that sets nothing: every key as a comment with its meaning and default. */
export function sampleConfig(schema: TObject): string {
  return `${sampleSection(readSection(schema as SchemaNode), '').join('\n')}\n`
}

function sampleSection(section: Section, indent: string): readonly string[] {
  const settings = section.settings.flatMap((setting) => [
    `${indent}# ${setting.node.description ?? setting.key}`,
    `${indent}# ${setting.key}: ${sampleValue(setting)}`,
  ])
  const sections = section.sections.flatMap((child) => [
    `${indent}# ${child.node.description ?? ''}`.trimEnd(),
    `${indent}${child.path.slice(child.path.lastIndexOf('.') + 1)}:`,
    ...sampleSection(child, `${indent}  `),
  ])
  return [...settings, ...sections]
}

function sampleValue(setting: Setting): string {
  if (setting.isSecret) return '{ file: /path/to/secret }'
  const example = setting.node.default ?? setting.node.examples?.[0]
  return example === undefined ? `(${expectation(setting.node)})` : JSON.stringify(example)
}
