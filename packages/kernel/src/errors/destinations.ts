import { errorArea } from './entry.ts'

/** Errors of the area `destinations`. */
export const destinationsErrors = errorArea({})
