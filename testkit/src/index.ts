export { freePort, startPostgres, type TestPostgres } from './postgres.ts'
export { temporaryFolder } from './temp.ts'
