import { errorArea } from './entry.ts'

/** Errors of the area `registry`. */
export const registryErrors = errorArea({})
