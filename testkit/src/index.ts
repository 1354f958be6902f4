export * from './abap-gateway/index.ts'
export { anyCharacter } from './any-character.ts'
export { startBrowser } from './browser.ts'
export { rsaPssCertificate, selfSignedCertificate, type TestCertificate } from './certificate.ts'
export { type CertificateBackend, type Seen, startCertificateBackend } from './certificate-backend.ts'
export {
  type ChildOptions,
  type Finished,
  repository,
  runChild,
  runLandbridge,
  startChild,
  startLandbridge,
} from './child.ts'
export { runCommand } from './command.ts'
export * from './data-plane/index.ts'
export { newDatabase, queryDatabase } from './database.ts'
export { everyDatabase, type NewUrl, onEveryDatabase } from './every-database.ts'
export { freePort } from './free-port.ts'
export { callJson, type JsonAnswer, type JsonCall } from './https-json.ts'
export { javaKeyStore } from './java-key-store.ts'
export { type KerberosRealm, type RunningRealm, startKerberosRealm } from './kerberos-realm.ts'
export { type LdapEntry, type LdapServer, startLdapServer } from './ldap-server.ts'
export { headerOf, type MailServer, type ReceivedMail, startMailServer } from './mail-server/mail-server.ts'
export { ecWithoutChain, rsaLegacy, rsaWithChain, withoutKey } from './pkcs12-files.ts'
export { fileWithKeyPassword } from './pkcs12-key-password.ts'
export { type Credentials, type Login, onFreePorts, startPlatform, type TestPlatform } from './platform.ts'
export { startPostgres, type TestPostgres, type Unavailable } from './postgres.ts'
export { isSignedBy, type ReadAssertion, readAssertion } from './read-assertion.ts'
export { type RunningCommand, runUntilReady } from './running-command.ts'
export { findSlapd, type OpenLdap, startSlapd } from './slapd.ts'
export { temporaryFolder } from './temp.ts'
