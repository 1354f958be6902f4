import { virtualHttp } from '../demo/connector-landscape.ts'
import type { Style } from '../output/style.ts'
import { table } from '../output/table.ts'
import type { ComponentState } from '../state/state-file.ts'
import type { MovedPort } from './choose-ports.ts'
import type { DemoCredentials } from './credentials.ts'
import { portOption } from './ports.ts'
import type { RunningPlatform } from './start-up.ts'

export interface Summary {
  readonly version: string
  readonly dataDirectory: string
  readonly startMs: number
  readonly components: readonly ComponentState[]
  readonly moved: readonly MovedPort[]
  readonly credentials: DemoCredentials
  /** Commands to copy, each with what it shows. */
  readonly commands: readonly { readonly title: string; readonly command: string }[]
}

/** What `landbridge up` prints once everything is ready. */
export function summaryText(summary: Summary, style: Style): string {
  const { credentials } = summary
  const seconds = (summary.startMs / 1000).toFixed(1)
  const moved = summary.moved.map(
    ({ name, from, to }) => `  Port ${from} is taken: ${portOption(name).slice('port-'.length)} uses ${to} instead.`,
  )
  return [
    style.strong(`Landbridge ${summary.version} is ready after ${seconds} s. Ctrl-C stops it.`) +
      style.dim(` Data: ${summary.dataDirectory}`),
    '',
    table(summary.components.map(({ name, url }) => [name, url])),
    ...(moved.length === 0 ? [] : ['', ...moved]),
    '',
    style.strong('Generated credentials'),
    table([
      ['Cloud Connector', credentials.connector.name, credentials.connector.password],
      ['administrator of the subaccount', credentials.administrator.name, credentials.administrator.password],
      ['business user', credentials.user.name, credentials.user.password],
    ]),
    '',
    style.strong('Try it in a second terminal'),
    ...summary.commands.flatMap(({ title, command }) => [`  ${style.dim(`# ${title}`)}`, `  ${command}`]),
  ].join('\n')
}

/** The three commands that show the platform at work, ready to copy. */
export function copyableCommands(
  { state, credentials }: RunningPlatform,
  own: string,
  dataOption: string,
  connectorCa: string,
): Summary['commands'] {
  const proxy = state.components.find(({ name }) => name === 'HTTP proxy')?.url ?? ''
  const connector = state.components.find(({ name }) => name === 'cloud-connector')?.url ?? ''
  const { name, password } = credentials.connector
  return [
    {
      title: 'a request through the proxy, the tunnel and the connector',
      command: `curl -x ${proxy} -H "Proxy-Authorization: Bearer $(${own} token connectivity${dataOption})" http://${virtualHttp.host}:${virtualHttp.port}/hello`,
    },
    { title: 'the same by the name of a destination', command: `${own} call demo-backend /hello -v${dataOption}` },
    {
      title: 'the REST API of the Cloud Connector',
      command: `curl --cacert ${connectorCa} -u '${name}:${password}' ${connector}/api/v1/configuration/subaccounts`,
    },
  ]
}
