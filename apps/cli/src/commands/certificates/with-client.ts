import { OperatorClient } from '../../operator/operator-client.ts'

/** Lends a client of the operator API for one piece of work. */
export async function withClient<T>(data: string, work: (client: OperatorClient) => Promise<T>): Promise<T> {
  const client = new OperatorClient(data)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
