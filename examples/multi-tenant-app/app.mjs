// An application that other subaccounts subscribe to. Each of them sees its own system behind the same destination name.
// Nothing in it knows of Landbridge: bindings come from default-env.json here and from VCAP_SERVICES in the cloud.

import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import xsenv from '@sap/xsenv'
import xssec from '@sap/xssec'
import { executeHttpRequest } from '@sap-cloud-sdk/http-client'
import { callbacks } from './callbacks.mjs'

xsenv.loadEnv()
const { uaa, destination, connectivity } = xsenv.getServices({
  uaa: { name: 'shop-uaa' },
  destination: { label: 'destination' },
  connectivity: { label: 'connectivity' },
})
const authentication = new xssec.XsuaaService(uaa)
const { answerCallback, nameOf } = callbacks({
  dependencies: [
    { appName: 'destination', appId: destination.xsappname },
    { appName: 'connectivity', appId: connectivity.xsappname },
  ],
  tenantUrl: (subdomain) => `http://${subdomain}.localhost:${port}`,
})

const server = createServer((request, response) => {
  handle(request)
    .catch((error) => {
      // Texts of errors are for the log: they may name what a caller must not know.
      console.error(error)
      return { status: 500, body: 'Something failed: see the log of the application.\n' }
    })
    .then(({ status, body }) => response.writeHead(status, { 'content-type': typeOf(body) }).end(textOf(body)))
})
const port = Number(process.env.PORT ?? 4004)
server.listen(port, '127.0.0.1', () => console.log(`The shop listens on http://localhost:${port}`))

async function handle(request) {
  const context = await xssec.createSecurityContext(authentication, { req: request }).catch(() => undefined)
  if (context === undefined) return { status: 401, body: 'Log on first.\n' }
  const { pathname } = new URL(request.url, 'http://localhost')
  if (pathname.startsWith('/callback/')) {
    if (!context.checkLocalScope('Callback')) return { status: 403, body: 'This is for the provisioning service.\n' }
    return answerCallback(request.method, pathname, request.method === 'PUT' ? await json(request) : undefined)
  }
  return { status: 200, body: await greeting(context.token) }
}

/** Whose request this is, and what the system of that tenant says. */
async function greeting({ payload, userName, jwt }) {
  const { zid: tenant } = payload
  const answer = await executeHttpRequest({ destinationName: 'shop-backend', jwt }, { method: 'get', url: '/hello' })
  return { tenant, subscriber: nameOf(tenant), user: userName, backend: answer.data.message }
}

function typeOf(body) {
  return typeof body === 'string' ? 'text/plain' : 'application/json'
}

function textOf(body) {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
