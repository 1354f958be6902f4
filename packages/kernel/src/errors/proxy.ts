import { errorArea } from './entry.ts'

/** Errors of the area `proxy`. */
export const proxyErrors = errorArea({})
