import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { callJson, type RunningCommand, runUntilReady } from '@landbridge/testkit'

const operatorSecret = 'opens-the-operator-api-of-this-test'

export interface Answer {
  readonly status: number
  readonly etag: string | null
  readonly text: string
  readonly json: ReturnType<typeof JSON.parse>
}

/** A process `landbridge cloud`. */
export class CloudProcess {
  readonly command: RunningCommand
  readonly urls: Readonly<Record<string, string>>

  constructor(command: RunningCommand) {
    this.command = command
    const { components } = JSON.parse(command.output) as { components: { name: string; url: string }[] }
    this.urls = Object.fromEntries(components.map(({ name, url }) => [name, url]))
  }

  /** One call of the destination service. @throws TypeError when the process is gone before it answers */
  async destinations(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.urls['destination-service']}/destination-configuration/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = text !== '' && answer.headers.get('content-type')?.includes('json') === true
    return {
      status: answer.status,
      etag: answer.headers.get('etag'),
      text,
      json: isJson ? JSON.parse(text) : undefined,
    }
  }
}

/** Processes of the cloud side that share database, authority and sealing key, and a tenant with a destination instance. */
export class Cloud implements AsyncDisposable {
  readonly #folder: string
  readonly #store: object
  readonly #ca: LocalCa
  readonly #running: CloudProcess[]
  #subaccountId: string

  private constructor(folder: string, store: object, ca: LocalCa) {
    this.#folder = folder
    this.#store = store
    this.#ca = ca
    this.#running = []
    this.#subaccountId = ''
  }

  /** @param databaseUrl `sqlite:<path>` or a `postgres://` URL; the database is empty */
  static async create(folder: string, databaseUrl: string): Promise<Cloud> {
    const ca = await LocalCa.create({ subject: { CN: 'Landbridge CA of this test' } })
    const secrets = {
      'ca.key': ca.keyPem.reveal(),
      'ca.pem': ca.certificatePem,
      'sealing.key': randomBytes(32).toString('base64'),
      database: databaseUrl,
      operator: operatorSecret,
    }
    for (const [name, content] of Object.entries(secrets)) writeFileSync(join(folder, name), content, { mode: 0o600 })
    const where = databaseUrl.startsWith('sqlite:')
      ? { url: databaseUrl }
      : { postgresUrl: { file: join(folder, 'database') } }
    return new Cloud(folder, { ...where, sealingKey: { file: join(folder, 'sealing.key') } }, ca)
  }

  /** Starts one more process, or the same again after its end. */
  async start(name: string): Promise<CloudProcess> {
    const secret = (file: string): object => ({ file: join(this.#folder, file) })
    const file = join(this.#folder, `${name}.yaml`)
    const configuration = {
      dataDirectory: join(this.#folder, name),
      logLevel: 'debug',
      store: this.#store,
      authority: { certificateFile: join(this.#folder, 'ca.pem'), key: secret('ca.key') },
      operatorSecret: secret('operator'),
      // Tokens name it as their issuer, so it outlives the ports of a process.
      tokenService: { port: 0, uaaDomain: 'cloud.localhost:8081' },
      destinationService: { port: 0, privateTokenServices: 'allow' },
      connectivityService: { port: 0 },
    }
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 })
    const cloud = new CloudProcess(await runUntilReady(['cloud', '--json', '--config', file]))
    this.#running.push(cloud)
    return cloud
  }

  /** A token of a destination instance in the tenant of this test; both are created by the first call. */
  async token(cloud: CloudProcess): Promise<string> {
    if (this.#subaccountId === '')
      this.#subaccountId = (await this.#operate(cloud, '/subaccounts', { subdomain: 'plant' })).id
    const wish = { service: 'destination', name: `d-${randomBytes(4).toString('hex')}` }
    const { id } = await this.#operate(cloud, `/subaccounts/${this.#subaccountId}/serviceInstances`, wish)
    const { credentials } = await this.#operate(cloud, `/serviceInstances/${id}/bindings`, { name: 'key' })
    const { clientid: client_id, clientsecret: client_secret } = credentials
    const answer = await callJson({
      method: 'POST',
      url: `${cloud.urls['token-service']}/oauth/token`,
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
      ca: this.#ca.certificatePem,
    })
    assert.equal(answer.status, 200, answer.text)
    return answer.json.access_token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { command } of this.#running) await command.kill()
  }

  async #operate(cloud: CloudProcess, path: string, body: object): Promise<ReturnType<typeof JSON.parse>> {
    const answer = await callJson({
      method: 'POST',
      url: `${cloud.urls['connectivity-service']}/api/v1${path}`,
      headers: { authorization: `Bearer ${operatorSecret}` },
      ca: this.#ca.certificatePem,
      body,
    })
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }
}
