import { passwordVariable } from '../call/user-login.ts'

/** Variables with our prefix that belong to commands, not to the configuration of a component. */
export const commandVariables: readonly string[] = [passwordVariable]
