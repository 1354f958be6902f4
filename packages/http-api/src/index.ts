export { type ApiOptions, createApi, useErrorBody } from './create-api.ts'
export { listen } from './listen.ts'
export { pinoLog } from './pino-log.ts'
export { type FreshCertificate, keepCertificateFresh, mutualTlsOptions } from './server-certificate.ts'
