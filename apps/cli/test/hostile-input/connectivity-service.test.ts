import { after, before } from 'node:test'
import { brokerCatalog } from '@landbridge/registry'
import { onEveryDatabase } from '@landbridge/testkit'
import { brokerUserName } from '../../src/compose/cloud.ts'
import { defineHostileInput, type HostileAnswer, type Route, type Target } from './attack/index.ts'
import {
  brokerPassword,
  type HostileCloud,
  type HostileTenant,
  jsonOf,
  operatorSecret,
  startHostileCloud,
  user,
} from './cloud.ts'

const isBroker = ({ url }: Route): boolean => /^\/(?:v2|broker)\//.test(url)
const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

await onEveryDatabase((newUrl) => {
  let scene: HostileCloud
  let target: Target
  before(async () => {
    scene = await startHostileCloud(await newUrl())
    target = await targetOf(scene)
  })
  after(() => scene?.close())

  defineHostileInput(() => target, { bodies: 250, paths: 150 })
})

/** What is there, by the part of the path before the parameter that names it. */
function existing({ subaccountId, userId, bound }: HostileTenant): Readonly<Record<string, readonly string[]>> {
  const instances = [bound.connectivity.instance.id]
  const bindings = [bound.connectivity.binding.id]
  return {
    subaccounts: [subaccountId],
    broker: [subaccountId],
    users: [userId],
    serviceInstances: instances,
    service_instances: instances,
    bindings,
    service_bindings: bindings,
    roleCollections: ['Cloud Connector Administrator'],
  }
}

async function targetOf({ cloud, common, tenant, victim, routesOf, token }: HostileCloud): Promise<Target> {
  const [there, mayGo] = [existing(tenant), existing(victim)]
  const { services } = brokerCatalog() as { services: { id: string; plans: { id: string }[] }[] }
  const offered = services.flatMap(({ id, plans }) => [id, ...plans.map((plan) => plan.id)])
  const proxy = `Bearer ${await token('connectivity_proxy')}`
  return {
    ...common,
    url: cloud.connectivityService.url,
    serverName: 'localhost',
    routes: routesOf('/api/v1/tunnels'),
    headers: (route) => {
      if (isBroker(route))
        return { authorization: basic(brokerUserName, brokerPassword), 'x-broker-api-version': '2.17' }
      if (route.url.startsWith('/api/v1/tunnels')) return { authorization: proxy }
      const isRegion = /subaccounts\/:id\/(?:configuration|certificates)$/.test(route.url) && route.method !== 'DELETE'
      return { authorization: isRegion ? basic(user.name, user.password) : `Bearer ${operatorSecret}` }
    },
    // Everything but removals meets what is there to the end.
    parameters: (route, name) =>
      (/DELETE/.test(route.method) || route.url.endsWith('revoke') ? mayGo : there)[
        route.url.split(`/:${name}`)[0]?.split('/').at(-1) ?? ''
      ] ?? [],
    known: [...common.known, ...offered],
    isErrorBody,
  }
}

/** Problem documents, and those of the Open Service Broker API below its paths. */
function isErrorBody(answer: HostileAnswer, route: Route): boolean {
  const body = jsonOf(answer)
  if (body === undefined) return false
  const isText = (member: string) => typeof body[member] === 'string'
  if (isBroker(route)) return answer.status === 410 || (isText('description') && isText('requestId'))
  return body.status === answer.status && ['type', 'title', 'code', 'remedy', 'requestId'].every(isText)
}
