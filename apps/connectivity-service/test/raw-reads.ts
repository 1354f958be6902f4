import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { operatorSecret, type Platform } from './platform.ts'

/** A call whose answer is a file. */
export async function rawPost(platform: Platform, path: string, body: object) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: platform.service.port,
        ca: platform.ca.certificatePem,
        servername: platform.serverName,
        agent: false,
        method: 'POST',
        path,
        headers: {
          host: platform.serverName,
          'content-type': 'application/json',
          authorization: `Bearer ${operatorSecret}`,
        },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

/** All rows of all tables. */
export async function tableTexts({ store }: Platform): Promise<string> {
  const tables = await store.db.introspection.getTables()
  // The compiler knows the tables of one area only; any of them will do.
  const rows = tables.map(({ name }) =>
    store.db
      .selectFrom(name as 'subaccount')
      .selectAll()
      .execute(),
  )
  return JSON.stringify(await Promise.all(rows))
}
