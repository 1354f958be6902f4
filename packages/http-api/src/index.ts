export { type ApiOptions, createApi } from './create-api.ts'
export { listen } from './listen.ts'
export { pinoLog } from './pino-log.ts'
