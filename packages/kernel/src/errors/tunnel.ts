import { errorArea } from './entry.ts'

/** Errors of the area `tunnel`. */
export const tunnelErrors = errorArea({})
