import { existsSync, readFileSync } from 'node:fs'
import { PlatformError } from '@landbridge/kernel'
import { type Document, isMap, parseDocument } from 'yaml'
import { writeFileWhole } from '../state/write-file.ts'

/** Port of a new installation (guide L18228). */
export const defaultPort = 8443

/** Writes the settings of a new installation; existing ones stay as they are. */
export function ensureSettings(path: string, hostName: string): void {
  if (existsSync(path)) return
  const names = hostName === '' || hostName === 'localhost' ? ['localhost'] : ['localhost', hostName]
  writeFileWhole(
    path,
    `# Settings of this Cloud Connector; they count from the next start on. Everything else is set in its
# administration, https://localhost:<port>. Upgrades keep this file.
connector:
  # Port of the administration (https). ./changeport.sh <port> sets it as well.
  port: ${defaultPort}
  # 0.0.0.0: reachable from your network. 127.0.0.1: from this machine only.
  host: 0.0.0.0
  # Host names in the certificate of the administration that is made on the first start.
  dnsNames: [${names.map((name) => JSON.stringify(name)).join(', ')}]
`,
  )
}

/** The port that the settings name. @throws PlatformError CONFIG_INVALID */
export function readPort(path: string): number {
  const port = openSettings(path).getIn(['connector', 'port'])
  return typeof port === 'number' ? port : defaultPort
}

/** Sets the port of the administration and leaves everything else, comments too. @throws PlatformError CONFIG_INVALID */
export function writePort(path: string, port: number): void {
  const document = openSettings(path)
  document.setIn(['connector', 'port'], port)
  writeFileWhole(path, document.toString({ lineWidth: 0 }))
}

function openSettings(path: string): Document {
  const document = parseDocument(readFileSync(path, 'utf8'))
  const { contents } = document
  const connector = document.get('connector')
  const isUsable =
    document.errors.length === 0 &&
    (contents === null || isMap(contents)) &&
    (connector === undefined || connector === null || isMap(connector))
  if (!isUsable) {
    const found = document.errors[0]?.message ?? 'something else'
    const problems = [`${path}: expected a map of settings in YAML, found ${found}`]
    throw new PlatformError('CONFIG_INVALID', { file: path, problems })
  }
  if (connector === null) document.delete('connector')
  return document
}
