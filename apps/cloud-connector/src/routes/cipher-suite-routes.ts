import type { ConnectorSettings } from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { availableCipherSuites, defaultCipherSuites } from '../cipher-suites.ts'
import { cipherTable, unservable } from '../cipher-table.ts'
import { changeSettings } from './connector-routes.ts'
import { type ApiContext, sendJson, sendNothing } from './context.ts'

const base = '/api/v1/configuration'
const url = `${base}/connector/ui/cipherSuites`

/** TLS cipher suites of the administration port (guide L22620); a change counts from the next start on. */
export function cipherSuiteRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(`${base}/availableCipherSuites`, (_request, reply) => sendJson(reply, availableCipherSuites))
  // The guide prints the second address in an example (guide L22686).
  for (const address of [url, `${base}/connector/ui/uiCipherSuites`])
    api.get(address, (_request, reply) =>
      sendJson(reply, context.store.current.settings.cipherSuites ?? defaultCipherSuites),
    )
  api.get('/api/v1/landbridge/cipherSuites', (_request, reply) => {
    const { uiCertificate, cipherSuites = defaultCipherSuites } = context.store.current.settings
    return sendJson(reply, cipherTable(uiCertificate?.cert, context.suitesInUse(), cipherSuites))
  })
  api.post(url, async (request, reply) => {
    const cipherSuites = readSuites(readJson(request))
    await changeSettings(context, request, 'cipherSuites', (settings) => {
      const { uiCertificate } = settings
      const problem = uiCertificate === undefined ? undefined : unservable(uiCertificate.cert, cipherSuites)
      if (problem !== undefined)
        throw invalid('body', `would lock the administration port: its certificate has an ${problem}`)
      return { ...settings, cipherSuites }
    })
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await changeSettings(context, request, 'cipherSuites', withoutSuites)
    return sendNothing(reply)
  })
}

function readSuites(body: unknown): readonly string[] {
  if (!Array.isArray(body) || body.length === 0) throw invalid('body', 'must be a list with at least one cipher suite')
  for (const suite of body)
    if (!availableCipherSuites.includes(suite))
      throw invalid('body', `must not hold ${JSON.stringify(suite).slice(0, 100)}`)
  return [...new Set(body as string[])]
}

function withoutSuites({ cipherSuites, ...rest }: ConnectorSettings): ConnectorSettings {
  return rest
}
