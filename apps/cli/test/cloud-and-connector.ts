import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { loadConfig } from '@landbridge/config'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, Sealer, Secret, silentLog, systemClock } from '@landbridge/kernel'
import { callJson, type JsonAnswer } from '@landbridge/testkit'
import type { RunningCloud } from '../src/compose/cloud.ts'
import { startConnectorGroup } from '../src/compose/connector.ts'
import { connectorConfigSchema } from '../src/compose/connector-config.ts'
import { regionHost, startCloudAlone } from './cloud-alone.ts'

const connectorPassword = 'connector-password'
const operatorSecret = 'operator-secret-of-this-test'

export interface CloudAndConnector {
  readonly cloud: RunningCloud
  /** Of the cloud side. */
  readonly clock: ManualClock
  readonly ca: string
  /** The connector's REST API, below /api/v1. */
  connector(method: string, path: string, body?: object): Promise<JsonAnswer>
  /** The operator's API of the connectivity service, below /api/v1. */
  operator(method: string, path: string, body?: object): Promise<JsonAnswer>
  close(): Promise<void>
}

/** The cloud side without a proxy, and a connector that is connected with nothing yet, in this process. */
export async function startCloudAndConnector(): Promise<CloudAndConnector> {
  const authority = await LocalCa.create({ subject: { CN: 'Platform CA' } })
  const ca = authority.certificatePem
  const clock = new ManualClock(Date.now())
  const cloud = await startCloudAlone({
    settings: { 'connectivityService.regionHost': regionHost },
    authority,
    operatorSecret: new Secret(operatorSecret),
    clock,
  })
  const { connector: config } = loadConfig(connectorConfigSchema, {
    environment: {},
    overrides: {
      'connector.port': 0,
      'connector.haRole': 'master',
      'connector.initialPassword': connectorPassword,
      'connector.regions': { [regionHost]: { address: '127.0.0.1', port: cloud.connectivityService.port, ca } },
    },
  })
  const connector = await startConnectorGroup({
    config,
    storeUrl: 'sqlite::memory:',
    sealer: new Sealer(randomBytes(32)),
    clock: systemClock,
    log: silentLog,
  })
  const authorization = `Basic ${Buffer.from(`Administrator:${connectorPassword}`).toString('base64')}`
  const send = (method: string, url: string, headers: Record<string, string>, trusted: string, body?: object) =>
    callJson({ method, url, headers, ca: trusted, ...(body === undefined ? {} : { body }) })
  return {
    cloud,
    clock,
    ca,
    connector: (method, path, body) =>
      send(method, `${connector.url}/api/v1${path}`, { authorization }, connector.uiCa, body),
    operator: (method, path, body) =>
      send(
        method,
        `${cloud.connectivityService.url}/api/v1${path}`,
        { authorization: `Bearer ${operatorSecret}` },
        ca,
        body,
      ),
    async close() {
      await connector.close()
      await cloud.close()
    },
  }
}

/** A browser as far as a page without scripts needs one: it keeps cookies, follows redirects and sends forms. */
export class PlainBrowser {
  readonly #ca: string
  readonly #cookies: Map<string, string>
  #url: URL

  constructor(ca: string) {
    this.#ca = ca
    this.#cookies = new Map()
    this.#url = new URL('about:blank')
  }

  async open(address: string): Promise<string> {
    return this.#ask('GET', new URL(address, this.#url))
  }

  /** Fills in and sends the form of the page. */
  async submit(page: string, entries: Readonly<Record<string, string>>): Promise<string> {
    const [, method = 'get', action = ''] = /<form method="(\w+)" action="([^"]+)">/.exec(page) ?? []
    const hidden = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
    const fields = new URLSearchParams()
    for (const [, name = '', value = ''] of hidden) fields.set(name, value.replaceAll('&amp;', '&'))
    for (const [name, value] of Object.entries(entries)) fields.set(name, value)
    return method === 'get' ? this.open(`${action}?${fields}`) : this.#ask('POST', new URL(action, this.#url), fields)
  }

  async #ask(method: string, url: URL, form?: URLSearchParams): Promise<string> {
    this.#url = url
    const { headers, body } = await this.#send(method, url, form)
    for (const line of headers['set-cookie'] ?? []) {
      const [name = '', value = ''] = line.slice(0, line.indexOf(';')).split('=')
      this.#cookies.set(name, value)
    }
    return headers.location === undefined ? body : this.#ask('GET', new URL(headers.location, url))
  }

  #send(method: string, url: URL, form?: URLSearchParams): Promise<{ headers: IncomingHttpHeaders; body: string }> {
    const headers = {
      cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    }
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, ca: this.#ca, agent: false }, (response) => {
        text(response).then((body) => resolve({ headers: response.headers, body }), reject)
      })
      sent.once('error', reject).end(form?.toString())
    })
  }
}
