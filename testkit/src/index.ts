export { selfSignedCertificate, type TestCertificate } from './certificate.ts'
export { ecWithoutChain, rsaLegacy, rsaWithChain, withoutKey } from './pkcs12-files.ts'
export { freePort, startPostgres, type TestPostgres } from './postgres.ts'
export { temporaryFolder } from './temp.ts'
