export { selfSignedCertificate, type TestCertificate } from './certificate.ts'
export { freePort, startPostgres, type TestPostgres } from './postgres.ts'
export { temporaryFolder } from './temp.ts'
