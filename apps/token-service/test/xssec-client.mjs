// Runs in a process of its own, because the authority to trust is set for the whole process: SAP's client library,
// unchanged, against the token service. Prints one line of JSON.
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

const { XsuaaService, IdentityService, createSecurityContext } = xssec
const { uaaDomain, zid, user, password, x509 } = JSON.parse(process.env.TEST_INPUT)
const base = { url: `https://sub1.${uaaDomain}/some/path`, uaadomain: uaaDomain }
const application = { ...base, clientid: 'sb-app!t1', clientsecret: 's1+/=', xsappname: 'app!t1' }
const destination = {
  ...base,
  clientid: 'sb-clone1!b2|destination-xsappname!b3',
  clientsecret: 's2',
  xsappname: 'clone1!b2|destination-xsappname!b3',
}

const app = new XsuaaService(application)
const target = new XsuaaService(destination)
const outcome = {}

const technical = await app.fetchClientCredentialsToken()
outcome.expiresIn = technical.expires_in
outcome.clientId = (await createSecurityContext(app, { jwt: technical.access_token })).token.clientId

outcome.zid = (await app.fetchClientCredentialsToken({ zid })).access_token
outcome.subdomain = (await app.fetchClientCredentialsToken({ tenant: 'sub2' })).access_token

const userToken = await app.fetchPasswordToken(user, password)
const context = await createSecurityContext(app, { jwt: userToken.access_token })
outcome.user = [context.token.userName, context.token.email, context.token.givenName, context.token.origin]
outcome.subaccount = context.token.payload.ext_attr.zdn
outcome.scope = context.checkScope('openid')

const exchanged = await target.fetchJwtBearerToken(userToken.access_token)
outcome.exchanged = (await createSecurityContext(target, { jwt: exchanged.access_token })).token.userName
outcome.foreign = await createSecurityContext(app, { jwt: exchanged.access_token }).then(
  () => 'accepted',
  (failure) => failure.name,
)

const { clientsecret: _secret, ...withoutSecret } = application
const byCertificate = new XsuaaService({ ...withoutSecret, ...x509, certurl: base.url })
outcome.certificate = (await byCertificate.fetchClientCredentialsToken({ zid })).access_token

const tampered = `${technical.access_token.slice(0, -8)}AAAAAAAA`
outcome.tampered = await createSecurityContext(app, { jwt: tampered }).then(
  () => 'accepted',
  (failure) => failure.name,
)
outcome.unknownTenant = await app.fetchClientCredentialsToken({ zid: 'nobody' }).then(
  () => 'token',
  (failure) => failure.responseCode,
)

const identity = new IdentityService({
  clientid: 'sb-app!t1',
  clientsecret: 's1+/=',
  url: `https://sub1.${uaaDomain}`,
  domains: [uaaDomain],
})
outcome.identity = (await identity.fetchClientCredentialsToken()).expires_in

console.log(JSON.stringify(outcome))
