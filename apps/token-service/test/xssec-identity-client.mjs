// Runs in a process of its own, because the authority to trust is set for the whole process: SAP's client library,
// unchanged, against the identity issuer of the token service. Prints one line of JSON.
import dns from 'node:dns'
import xssec from '@sap/xssec'

// Not every machine resolves names below "localhost".
const lookup = dns.lookup
dns.lookup = (name, options, done) =>
  lookup(
    name.endsWith('.localhost') ? '127.0.0.1' : name,
    typeof options === 'function' ? {} : options,
    done ?? options,
  )

const { IdentityService, IdentityServiceToken, XsuaaService, createSecurityContext } = xssec
const { credentials, x509, xsuaa, subscriber, other, user, password } = JSON.parse(process.env.TEST_INPUT)
const app = new IdentityService(credentials)
const nameOf = (failure) => failure.name
const accepted = () => 'accepted'
const outcome = {}

const technical = await app.fetchClientCredentialsToken()
outcome.expiresIn = technical.expires_in
outcome.technical = technical.access_token
outcome.clientId = (await createSecurityContext(app, { jwt: technical.access_token })).token.clientId

const login = await app.fetchPasswordToken(user, password)
outcome.user = login.access_token
const { token } = await createSecurityContext(app, { jwt: login.access_token })
outcome.seen = [token.email, token.givenName, token.idType, token.appTid, token.customIssuer]
outcome.idToken = await createSecurityContext(app, { jwt: login.id_token }).then(accepted, nameOf)

const exchanged = await app.fetchJwtBearerToken(login.access_token, { token_format: 'jwt', refresh_expiry: 0 })
outcome.exchanged = (await createSecurityContext(app, { jwt: exchanged.access_token })).token.scimId

outcome.subscriber = (await app.fetchClientCredentialsToken({ app_tid: subscriber })).access_token
outcome.ofSubscriber = await createSecurityContext(app, { jwt: outcome.subscriber }).then(accepted, nameOf)

const { clientsecret: _secret, ...withoutSecret } = credentials
const byCertificate = await new IdentityService({ ...withoutSecret, ...x509 }).fetchClientCredentialsToken()
const ownsToken = { validation: { x5t: { enabled: true }, proofToken: { enabled: true } } }
outcome.certificate = await createSecurityContext(new IdentityService(credentials, ownsToken), {
  jwt: byCertificate.access_token,
  clientCertificatePem: x509.certificate,
}).then(accepted, nameOf)

const foreign = await new IdentityService(other).fetchClientCredentialsToken()
outcome.foreign = await createSecurityContext(app, { jwt: foreign.access_token }).then(accepted, nameOf)
const tampered = `${technical.access_token.slice(0, -8)}AAAAAAAA`
outcome.tampered = await createSecurityContext(app, { jwt: tampered }).then(accepted, nameOf)
outcome.elsewhere = await createSecurityContext(new IdentityService({ ...credentials, domains: ['other.test'] }), {
  jwt: technical.access_token,
}).then(accepted, nameOf)

// What the library makes of issuers that are not written as ours are.
const [, payload] = technical.access_token.split('.').map((part) => Buffer.from(part, 'base64url'))
const issuer = JSON.parse(payload).iss
outcome.issuers = [issuer, `${issuer}/`, issuer.replace('https:', 'http:'), issuer.replace('//', '//deep.')].map(
  (iss) => {
    const written = new IdentityServiceToken(null, { header: {}, payload: { iss } })
    try {
      return IdentityService.getSafeUrlFromTokenIssuer(written, credentials.domains) === issuer ? 'accepted' : 'changed'
    } catch (failure) {
      return failure.name
    }
  },
)

const forXsuaa = await new XsuaaService(xsuaa).fetchJwtBearerToken(login.id_token, { zid: token.appTid })
outcome.forXsuaa = (await createSecurityContext(new XsuaaService(xsuaa), { jwt: forXsuaa.access_token })).token.userName

console.log(JSON.stringify(outcome))
