import type { PlatformState } from '../state/state-file.ts'

export type EnvironmentFormat = 'json' | 'dotenv'

/**
 * The environment of an application. `json` is `default-env.json` as `@sap/xsenv` reads it (object values allowed),
 * `dotenv` has one variable per line in single quotes, readable by a POSIX shell and by dotenv libraries.
 */
export function environmentText(
  format: EnvironmentFormat,
  state: Pick<PlatformState, 'vcapServices' | 'caFile'>,
): string {
  // Node reads NODE_EXTRA_CA_CERTS when it starts, so in default-env.json it comes too late and would only mislead.
  if (format === 'json') return `${JSON.stringify({ VCAP_SERVICES: state.vcapServices }, null, 2)}\n`
  return `${quoted('VCAP_SERVICES', JSON.stringify(state.vcapServices))}${quoted('NODE_EXTRA_CA_CERTS', state.caFile)}`
}

function quoted(name: string, value: string): string {
  // A JSON text may write an apostrophe as an escape; a path with one is quoted the way of the shell.
  const safe = name === 'VCAP_SERVICES' ? value.replaceAll("'", '\\u0027') : value.replaceAll("'", "'\\''")
  return `${name}='${safe}'\n`
}
