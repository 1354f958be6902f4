import { type Command, Option } from 'commander'
import { dataOption } from '../command-spec.ts'
import { OperatorClient, type Subaccount } from './operator-client.ts'

/** What every command about a subaccount is given. */
export interface SubaccountOptions {
  readonly data: string
  readonly subaccount?: string
  readonly json?: boolean
}

/** The options that say which platform and which subaccount a command is about. */
export function subaccountOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option('--subaccount <id>', 'ID or subdomain of the subaccount (default: demo, or the only one)'))
}

/** Lends a client of the operator API for one piece of work. */
export async function withClient<T>(data: string, work: (client: OperatorClient) => Promise<T>): Promise<T> {
  const client = new OperatorClient(data)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** The same, with the subaccount that is meant. @throws PlatformError CLI_CHOICE_NEEDED */
export function withSubaccount<T>(
  { data, subaccount }: SubaccountOptions,
  work: (client: OperatorClient, subaccount: Subaccount) => Promise<T>,
): Promise<T> {
  return withClient(data, async (client) => work(client, await client.subaccount(subaccount)))
}
