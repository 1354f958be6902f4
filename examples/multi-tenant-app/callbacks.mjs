const tenantPath = /^\/callback\/v1\.0\/tenants\/([0-9a-f-]{36})$/

/**
 * The callbacks with which the platform tells an application about its subscribers.
 *
 * @param dependencies the service instances that the application uses for its subscribers: only these get tokens of them
 * @param tenantUrl where a subscriber finds the application
 */
export function callbacks({ dependencies, tenantUrl }) {
  // A real application keeps its subscribers in a database. Both calls may come twice for the same one.
  const subscribers = new Map()

  function answerCallback(method, path, body) {
    if (method === 'GET' && path === '/callback/v1.0/dependencies') return { status: 200, body: dependencies }
    const [, tenant] = tenantPath.exec(path) ?? []
    if (tenant === undefined) return { status: 404, body: 'There is no such callback.\n' }
    if (method === 'PUT') {
      subscribers.set(tenant, body.subscribedSubdomain)
      console.log(`${body.subscribedSubdomain} subscribed`)
      return { status: 200, body: `${tenantUrl(body.subscribedSubdomain)}\n` }
    }
    if (method !== 'DELETE') return { status: 405, body: 'Use PUT or DELETE.\n' }
    console.log(`${subscribers.get(tenant) ?? tenant} left`)
    subscribers.delete(tenant)
    return { status: 200, body: '' }
  }

  return { answerCallback, nameOf: (tenant) => subscribers.get(tenant) }
}
