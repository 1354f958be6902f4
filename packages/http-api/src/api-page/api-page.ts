import { createHash } from 'node:crypto'
import { shellCommand } from '@landbridge/kernel'
import { escapeHtml } from '../escape-html.ts'
import type { ApiContent, ApiDocument, ApiOperation, ApiParameter } from './document.ts'
import { exampleOf, schemaNotes, schemaText } from './schema-text.ts'
import { style } from './style.ts'

interface ShownOperation extends ApiOperation {
  readonly method: string
  readonly path: string
}

/** Headers of the page: nothing is loaded, nothing runs, nobody frames it. */
export const apiPageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/**
 * A page for people, made of an OpenAPI document: operations in groups, each with parameters, bodies, answers and a
 * command to copy. Without script; by keyboard and with a screen reader, in light and dark.
 * @param about where the document itself is, and what `$URL` of the commands stands for
 */
export function apiPage(document: ApiDocument, about: { readonly documentUrl: string; readonly base: string }): string {
  const { title, description = '' } = document.info
  const groups = [...Map.groupBy(operationsOf(document), ({ tags }) => tags?.[0] ?? 'Other')]
  const links = groups.map(([name]) => `<a href="#${groupId(name)}">${escapeHtml(name)}</a>`)
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(description)} The commands take ${escapeHtml(about.base)} from <code>$URL</code> and a token from <code>$TOKEN</code>.
<a href="${escapeHtml(about.documentUrl)}">OpenAPI document</a></p>
<nav aria-label="Groups">${links.join('')}</nav>
${groups.map(([name, operations]) => groupHtml(name, operations)).join('\n')}
</main></body>
</html>
`
}

function operationsOf({ paths = {} }: ApiDocument): readonly ShownOperation[] {
  return Object.entries(paths).flatMap(([path, methods = {}]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
}

function groupHtml(name: string, operations: readonly ShownOperation[]): string {
  return `<section aria-labelledby="${groupId(name)}">
<h2 id="${groupId(name)}">${escapeHtml(name)}</h2>
${operations.map(operationHtml).join('\n')}
</section>`
}

function operationHtml(operation: ShownOperation): string {
  const { method, path, summary = '', parameters = [], requestBody, responses = {} } = operation
  // Refusals mostly look alike.
  const alike = Map.groupBy(Object.entries(responses), ([, { content }]) => JSON.stringify(content))
  const answers = Array.from(alike.values(), (found) =>
    contentHtml(found.map(([status]) => status).join(', '), found[0]?.[1].content),
  )
  return `<details id="${escapeHtml(`${method}${path}`.replaceAll(/[^\w]+/g, '-'))}">
<summary><b>${escapeHtml(method)}</b> <code>${escapeHtml(path)}</code> <span>${escapeHtml(summary)}</span></summary>
<pre class="command" tabindex="0" aria-label="Command">${escapeHtml(curlCommand(operation))}</pre>
${parametersHtml(parameters)}${requestBody === undefined ? '' : `<h3>Body</h3>\n${contentHtml('', requestBody.content)}\n`}<h3>Answers</h3>
${answers.join('\n')}
</details>`
}

function parametersHtml(parameters: readonly ApiParameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(({ name, in: place, required, description, schema = {} }) => {
    const { description: _same, ...rest } = schema
    const notes = schemaNotes({ ...rest, ...(description === undefined ? {} : { description }) })
    const cells = [place, schemaText(schema), required === true ? 'yes' : 'no', notes].map(
      (text) => `<td>${escapeHtml(text)}</td>`,
    )
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code></th>${cells.join('')}</tr>`
  })
  const heads = ['Name', 'In', 'Type', 'Required', 'Meaning'].map((text) => `<th scope="col">${text}</th>`)
  return `<h3>Parameters</h3>
<div class="wide" tabindex="0"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
`
}

function contentHtml(status: string, content: ApiContent = {}): string {
  const label = status === '' ? '' : `<b>${escapeHtml(status)}</b> `
  const types = Object.entries(content)
  if (types.length === 0) return `<p>${label}without a body</p>`
  return types
    .map(
      ([type, { schema = {} }]) =>
        `<p>${label}${escapeHtml(type)}</p>\n<pre tabindex="0">${escapeHtml(schemaText(schema))}</pre>`,
    )
    .join('\n')
}

/** A command that works once `URL` and `TOKEN` are set and what stands in capitals is replaced. */
function curlCommand({ method, path, parameters = [], requestBody, security = [] }: ShownOperation): string {
  const named = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => name.toUpperCase())
  const wanted = parameters.filter(({ in: place, required }) => place === 'query' && required === true)
  const query = wanted.map(({ name }) => `${encodeURIComponent(name).replaceAll('%24', '$')}=VALUE`).join('&')
  const [type, { schema = {} } = {}] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const isJson = type === 'application/json'
  const impliedMethod = isJson ? 'POST' : 'GET'
  return [
    'curl',
    ...(method === impliedMethod ? [] : [`-X ${method}`]),
    ...(security.length === 0 ? [] : ['-H "Authorization: Bearer $TOKEN"']),
    ...(isJson ? [`--json ${shellCommand([JSON.stringify(exampleOf(schema))])}`] : []),
    `"$URL"${shellCommand([query === '' ? named : `${named}?${query}`])}`,
  ].join(' ')
}

function groupId(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}
