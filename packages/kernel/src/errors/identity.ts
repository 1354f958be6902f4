import { errorArea } from './entry.ts'

/** Errors of the area `identity`. */
export const identityErrors = errorArea({})
