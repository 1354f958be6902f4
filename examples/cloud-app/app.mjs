// A cloud application that reads from an on-premise system. Nothing in it knows of Landbridge: bindings come from
// default-env.json here and from VCAP_SERVICES in the cloud.

import xsenv from '@sap/xsenv'
import xssec from '@sap/xssec'
import { executeHttpRequest } from '@sap-cloud-sdk/http-client'

xsenv.loadEnv()

// Technical: the system sees the application, no user.
const technical = await executeHttpRequest({ destinationName: 'demo-backend' }, { method: 'get', url: '/hello' })
console.log(`demo-backend: ${technical.status} ${technical.data.message}`)

const { DEMO_USER, DEMO_PASSWORD } = process.env
if (DEMO_USER !== undefined && DEMO_PASSWORD !== undefined) {
  const jwt = await logOn(DEMO_USER, DEMO_PASSWORD)
  const asUser = await executeHttpRequest(
    { destinationName: 'demo-backend-user', jwt },
    { method: 'get', url: '/hello' },
  )
  console.log(`demo-backend-user: ${asUser.status} ${asUser.data.message}, called for ${DEMO_USER}`)
} else {
  console.log('Set DEMO_USER and DEMO_PASSWORD to call as a user.')
}

/** The token of a user. A web application gets it from the login page instead and checks it like this. */
async function logOn(user, password) {
  const { uaa } = xsenv.getServices({ uaa: { label: 'xsuaa' } })
  const service = new xssec.XsuaaService(uaa)
  const { access_token: jwt } = await service.fetchPasswordToken(user, password)
  const { token } = await xssec.createSecurityContext(service, { jwt })
  console.log(`Logged on: ${token.userName} of ${token.payload.ext_attr.zdn}`)
  return jwt
}
