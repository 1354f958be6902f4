import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TokenServer {
  readonly url: string
  /** How many tokens it granted: more than one per destination means that tokens were not taken from memory. */
  granted(): number
  close(): void
}

/** A token service that grants every request a token of a realistic size for twelve hours. */
export async function startTokenServer(): Promise<TokenServer> {
  let granted = 0
  const body = JSON.stringify({ access_token: 'a'.repeat(1_000), token_type: 'bearer', expires_in: 43_199 })
  const server = createServer((request, response) => {
    granted += 1
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`,
    granted: () => granted,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
