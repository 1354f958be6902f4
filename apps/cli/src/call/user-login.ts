import { InvalidArgumentError } from 'commander'

/** Who a call is made for. */
export interface UserLogin {
  readonly name: string
  readonly password: string
}

/** Holds the password where it must not be visible in the list of processes. */
export const passwordVariable = 'LANDBRIDGE_USER_PASSWORD'

/** Reads `name` or `name:password`. @throws InvalidArgumentError, which the command line reports as wrong usage */
export function readLogin(text: string, environment: Readonly<Record<string, string | undefined>>): UserLogin {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const password = colon < 0 ? environment[passwordVariable] : text.slice(colon + 1)
  if (name === '') throw new InvalidArgumentError('the name of the user is empty')
  if (password === undefined || password === '')
    throw new InvalidArgumentError(`give the password as ${passwordVariable}, or as name:password`)
  return { name, password }
}
