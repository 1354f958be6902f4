import type { TestPlatform } from '@landbridge/testkit'
import { operate } from './administration.ts'
import { fetchToken } from './tokens.ts'

/** Another subaccount, with one who may pair connectors and a business user. */
export interface Customer {
  readonly id: string
  readonly subdomain: string
  readonly administrator: { readonly name: string; readonly password: string }
  readonly user: { readonly name: string; readonly password: string }
}

export async function newCustomer(platform: TestPlatform, subdomain: string): Promise<Customer> {
  const { id } = await operate(platform, 'POST', '/subaccounts', { subdomain })
  const administrator = { name: `admin@${subdomain}.example`, password: 'only-for-this-test-1' }
  const user = { name: `bob@${subdomain}.example`, password: 'only-for-this-test-2' }
  for (const [{ name, password }, roleCollections] of [
    [administrator, ['Subaccount Administrator']],
    [user, []],
  ] as const)
    await operate(platform, 'POST', `/subaccounts/${id}/users`, { userName: name, password, roleCollections })
  return { id, subdomain, administrator, user }
}

/** Subscribes to the demo application, which has no provisioning instance: all instances of the demo may act. */
export async function subscribeToDemo(platform: TestPlatform, { id }: Customer): Promise<void> {
  await operate(platform, 'POST', `/subaccounts/${id}/subscriptions`, {
    xsappname: platform.binding('xsuaa').xsappname,
  })
}

/** A token of the customer's business user for the demo application, as after a login in the customer's tenant. */
export function customerToken(platform: TestPlatform, { id, user }: Customer): Promise<string> {
  const login = { grant_type: 'password', username: user.name, password: user.password }
  return fetchToken(platform, 'xsuaa', login, id)
}
