import { catalogue, type ErrorCode, errorEntry } from '@landbridge/kernel'

/** The page `docs/reference/errors.md`: every code of the catalogue, in alphabetical order. */
export function errorReference(): string {
  const codes = (Object.keys(catalogue) as ErrorCode[]).sort()
  const introduction = `# Errors

Every failure that Landbridge reports has a code. The same code appears in the answer of a REST API (RFC 9457 problem
document, or the body that a compatible API prescribes), in the log (field \`code\`) and on the command line. Generated
from the catalogue by \`npm run docs\`; do not edit.

*Repeat* says what a program should do: \`never\` (the request must change), \`later\` (the state may change), \`now\`.`
  return `${[introduction, ...codes.map(section)].join('\n\n')}\n`
}

function section(code: ErrorCode): string {
  const entry = errorEntry(code)
  const facts = [
    `HTTP ${entry.http}`,
    ...(entry.socks === undefined ? [] : [`SOCKS5 reply ${entry.socks}`]),
    `repeat: ${entry.retry}`,
    `logged as ${entry.level}`,
    ...(entry.show.length === 0 ? [] : [`shows: ${entry.show.map((name) => `\`${name}\``).join(', ')}`]),
  ]
  return `## ${code}\n\n${entry.title}.\n\n**What to do.** ${entry.remedy}\n\n${facts.join(' · ')}`
}
