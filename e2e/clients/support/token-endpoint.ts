import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a token request said; the tokens of this endpoint carry it as their text. */
export interface GrantSeen {
  readonly form: Readonly<Record<string, string>>
  /** User and password of the Basic header; empty without one. */
  readonly basic: string
}

export interface TokenEndpoint extends AsyncDisposable {
  readonly url: string
}

/** The token endpoint of an API of somebody else. Its tokens say what was asked for, so that a backend can show it. */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    const basic = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    const seen: GrantSeen = { form, basic }
    const access_token = Buffer.from(JSON.stringify(seen)).toString('base64url')
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 3_600, refresh_token: 'next' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** What the token in an `Authorization` header was given for. */
export function grantOf(authorization: string): GrantSeen {
  return JSON.parse(Buffer.from(authorization.replace(/^Bearer /i, ''), 'base64url').toString())
}
