import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Bindings, type ClientOptions, type LandbridgeClient, openClient, parseVcapServices } from '@landbridge/client'

export interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
}

export type Answer = object | number | ((response: ServerResponse, asked: Asked) => void)

/** A token service and a destination service of which a test decides what they answer, faults included. */
export interface StandIn extends AsyncDisposable {
  readonly url: string
  /** Requests for tokens and for destinations so far. */
  readonly tokens: readonly Asked[]
  readonly finds: readonly Asked[]
  /** Answers for find requests, in order; the last one stays. A number is a status. */
  answer(...answers: readonly Answer[]): void
  answerTokens(...answers: readonly Answer[]): void
  client(options?: ClientOptions): LandbridgeClient
}

export const demoDestination = {
  owner: { SubaccountId: 's1', InstanceId: null },
  destinationConfiguration: { Name: 'crm', Type: 'HTTP', URL: 'https://crm.example', ProxyType: 'Internet' },
}

/** A find answer with this authentication and these tokens. */
export function found(Authentication: string, authTokens: readonly object[], more: object = {}): object {
  const { destinationConfiguration, owner } = demoDestination
  return { owner, destinationConfiguration: { ...destinationConfiguration, Authentication, ...more }, authTokens }
}

export async function startStandIn(): Promise<StandIn> {
  const tokens: Asked[] = []
  const finds: Asked[] = []
  let findAnswers: Answer[] = [demoDestination]
  let tokenAnswers: Answer[] = []
  const server = createServer(async (request, response) => {
    const isToken = request.url?.startsWith('/oauth/token') === true
    const asked: Asked = {
      path: request.url ?? '',
      headers: request.headers,
      form: new URLSearchParams(await text(request)),
    }
    const list = isToken ? tokens : finds
    list.push(asked)
    const answers = isToken ? tokenAnswers : findAnswers
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === undefined) send(response, 200, { access_token: `t${tokens.length}`, expires_in: 3_600 })
    else if (typeof answer === 'function') answer(response, asked)
    else if (typeof answer === 'number') send(response, answer, { ErrorMessage: `status ${answer}` })
    else send(response, 200, answer)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const oauth = { clientid: 'c', clientsecret: 's3cret', url, tenantid: 'own' }
  const proxy = { onpremise_proxy_host: '127.0.0.1', onpremise_proxy_port: '1', onpremise_socks5_proxy_port: '1' }
  const bindings = new Bindings(
    parseVcapServices({
      destination: [{ name: 'd', credentials: { ...oauth, uri: url } }],
      connectivity: [{ name: 'c', credentials: { ...oauth, ...proxy } }],
    }),
  )
  return {
    url,
    tokens,
    finds,
    answer: (...answers) => {
      findAnswers = [...answers]
    },
    answerTokens: (...answers) => {
      tokenAnswers = [...answers]
    },
    client: (options = {}) => openClient({ bindings, retry: { baseMs: 1 }, ...options }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
