// An application with @sap/xsenv and @sap/xssec, unchanged: it reads default-env.json of its folder, then checks the
// tokens it is given. Prints one line of JSON.
import xsenv from '@sap/xsenv'
import xssec from '@sap/xssec'

const { XsuaaService, createSecurityContext } = xssec
const { userName, password } = JSON.parse(process.env.TEST_INPUT)

xsenv.loadEnv()
const { uaa, destination, connectivity } = xsenv.getServices({
  uaa: { label: 'xsuaa' },
  destination: { tag: 'destination' },
  connectivity: { label: 'connectivity' },
})
const outcome = { uris: [destination.uri, connectivity.onpremise_proxy_host] }
outcome.byTag = ['xsuaa', 'destination', 'connectivity'].map((tag) => xsenv.filterServices({ tag }).length)
outcome.byName = xsenv.filterServices({ name: 'demo-destination' }).length

const application = new XsuaaService(uaa)
const { access_token: jwt } = await application.fetchPasswordToken(userName, password)
const context = await createSecurityContext(application, { jwt })
outcome.user = [context.token.userName, context.token.email, context.token.payload.zid]
outcome.issuer = context.token.issuer

outcome.services = []
for (const credentials of [uaa, destination, connectivity]) {
  const service = new XsuaaService(credentials)
  const technical = await service.fetchClientCredentialsToken()
  const { token } = await createSecurityContext(service, { jwt: technical.access_token })
  outcome.services.push([token.clientId === credentials.clientid, technical.expires_in > 420])
}

const exchanged = await new XsuaaService(destination).fetchJwtBearerToken(jwt)
const forDestination = await createSecurityContext(new XsuaaService(destination), { jwt: exchanged.access_token })
outcome.exchanged = forDestination.token.userName
outcome.foreign = await createSecurityContext(application, { jwt: exchanged.access_token }).then(
  () => 'accepted',
  (failure) => failure.name,
)
console.log(JSON.stringify(outcome))
