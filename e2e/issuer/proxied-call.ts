import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestPlatform } from '@landbridge/testkit'

/** A call through the HTTP proxy of a platform: status, code of the refusal and body. */
export async function callThrough(platform: TestPlatform, host: string, token: string): Promise<string> {
  const port = platform.binding('connectivity').onpremise_proxy_http_port
  const headers = { host, 'proxy-authorization': `Bearer ${token}` }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: `http://${host}/hello`, headers, agent: false as const }
    request(options, resolve).on('error', reject).end()
  })
  return `${answer.statusCode} ${answer.headers['x-landbridge-error'] ?? ''} ${await text(answer)}`
}
