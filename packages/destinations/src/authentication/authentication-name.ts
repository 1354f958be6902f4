import { type Properties, present } from '../properties.ts'

/** The value of `Authentication`; where it is absent, what clients conclude from the other properties. */
export function authenticationName(properties: Properties): string {
  const basic = present(properties, 'User') !== undefined && present(properties, 'Password') !== undefined
  return present(properties, 'Authentication') ?? (basic ? 'BasicAuthentication' : 'NoAuthentication')
}
