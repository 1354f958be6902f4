import { errorArea } from './entry.ts'

/** Errors of the area `connector`. */
export const connectorErrors = errorArea({})
