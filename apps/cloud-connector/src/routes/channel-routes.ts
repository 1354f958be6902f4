import {
  addChannel,
  type ChannelStatus,
  type ChannelType,
  channelEvent,
  channelOf,
  channelTypes,
  nextChannelId,
  removeChannel,
  removeChannels,
  type ServiceChannel,
  type Subaccount,
  subaccountOf,
  withChannel,
} from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import {
  type ChannelWish,
  channelJson,
  channelPath,
  databaseJson,
  machineJson,
  readChannel,
} from '../wire/channel-json.ts'
import { legacyChannelJson, readLegacyChannel } from '../wire/legacy-channel-json.ts'
import {
  type ApiContext,
  editSubaccount,
  linksOf,
  parameters,
  sendCreated,
  sendJson,
  sendNothing,
  subaccountIn,
} from './context.ts'

const base = '/api/v1/configuration/subaccounts/:regionHost/:subaccount'
const all = `${base}/channels`
/** The segment is a type, or an ID in obsolete forms (guide L25789). */
const family = `${all}/:key`
const one = `${family}/:id`

/** Service channels (guide L25090). */
export function channelRoutes(api: FastifyInstance, context: ApiContext): void {
  readRoutes(api, context)
  writeRoutes(api, context)
  for (const url of [`${family}/state`, `${one}/state`])
    api.put(url, async (request, reply) => {
      await setEnabled(context, request)
      return sendNothing(reply)
    })
  for (const type of ['HANA', 'VirtualMachine'] as const)
    api.get(`${base}/availableChannels/${type}`, async (request, reply) => {
      const services = await context.channels.available(subaccountIn(request, context), type)
      return sendJson(reply, services.map(type === 'HANA' ? databaseJson : machineJson))
    })
}

function readRoutes(api: FastifyInstance, context: ApiContext): void {
  const stateOf = ({ id }: ServiceChannel, subaccount: Subaccount): ChannelStatus =>
    context.channels.status(subaccount, id)
  api.get(all, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const links = linksOf(request, context)
    return sendJson(
      reply,
      Array.from(subaccount.channels.values(), (channel) =>
        legacyChannelJson(channel, stateOf(channel, subaccount), subaccount, links),
      ),
    )
  })
  api.get(family, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const links = linksOf(request, context)
    if (isId(keyIn(request))) {
      const channel = channelIn(request, subaccount)
      return sendJson(reply, legacyChannelJson(channel, stateOf(channel, subaccount), subaccount, links))
    }
    const type = typeIn(request)
    const channels = [...subaccount.channels.values()].filter((channel) => channel.target.type === type)
    return sendJson(
      reply,
      channels.map((channel) => channelJson(channel, stateOf(channel, subaccount), subaccount, links)),
    )
  })
  api.get(one, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const channel = channelIn(request, subaccount)
    const state = stateOf(channel, subaccount)
    return sendJson(reply, channelJson(channel, state, subaccount, linksOf(request, context)))
  })
}

function writeRoutes(api: FastifyInstance, context: ApiContext): void {
  api.post(all, async (request, reply) => {
    subaccountIn(request, context)
    return sendCreated(reply, await create(context, request, readLegacyChannel(readFields(request))))
  })
  api.post(family, async (request, reply) => {
    subaccountIn(request, context)
    const type = typeIn(request)
    return sendCreated(reply, await create(context, request, readChannel(readFields(request), type)))
  })
  api.put(family, async (request, reply) => {
    if (!isId(keyIn(request)))
      throw new PlatformError('CONNECTOR_METHOD_NOT_ALLOWED', { method: 'PUT', allowed: ['DELETE', 'GET', 'POST'] })
    channelIn(request, subaccountIn(request, context))
    await replace(context, request, readLegacyChannel(readFields(request)))
    return sendNothing(reply)
  })
  api.put(one, async (request, reply) => {
    const before = channelIn(request, subaccountIn(request, context))
    await replace(context, request, readChannel(readFields(request), before.target.type, before))
    return sendNothing(reply)
  })
  api.delete(one, async (request, reply) => {
    await remove(context, request)
    return sendNothing(reply)
  })
  api.delete(family, async (request, reply) => {
    if (isId(keyIn(request))) await remove(context, request)
    else {
      subaccountIn(request, context)
      const type = typeIn(request)
      await editSubaccount(context, request, deletion(`${type} *`), (current) =>
        removeChannels(current, ({ target }) => target.type === type),
      )
    }
    return sendNothing(reply)
  })
  api.delete(all, async (request, reply) => {
    await editSubaccount(context, request, deletion('*'), (current) => removeChannels(current, () => true))
    return sendNothing(reply)
  })
}

/** A new channel is disabled (guide L25785). Returns its address. */
async function create(context: ApiContext, request: FastifyRequest, wish: ChannelWish): Promise<string> {
  refuseOwnPort(request, wish.port)
  const { regionHost, subaccountId } = subaccountIn(request, context)
  const path = await context.store.change(request.actor, (current) => {
    const subaccount = subaccountOf(current, regionHost, subaccountId)
    const channel = { id: nextChannelId(current), enabled: false, ...wish }
    return {
      next: addChannel(current, subaccount, channel),
      audit: { ...channelEvent('create', channel), subaccount: `${subaccountId}@${regionHost}` },
      result: channelPath(subaccount, channel),
    }
  })
  return linksOf(request, context).to(path)
}

async function replace(context: ApiContext, request: FastifyRequest, wish: ChannelWish): Promise<void> {
  refuseOwnPort(request, wish.port)
  const before = channelIn(request, subaccountIn(request, context))
  if (wish.target.type !== before.target.type) throw invalid('typeKey', 'cannot be changed')
  await editSubaccount(context, request, channelEvent('update', before), (current) =>
    withChannel(current, { ...channelIn(request, current), ...wish }),
  )
  // An enabled channel is opened anew with what changed; whether that works is shown by its state.
  if (before.enabled) await context.channels.settle(subaccountIn(request, context), before.id)
}

async function remove(context: ApiContext, request: FastifyRequest): Promise<void> {
  const channel = channelIn(request, subaccountIn(request, context))
  await editSubaccount(context, request, channelEvent('delete', channel), (current) =>
    removeChannel(current, channelIn(request, current).id),
  )
}

/** @throws PlatformError CONNECTOR_CHANNEL_NOT_OPENED: the channel stays disabled then (guide L25809) */
async function setEnabled(context: ApiContext, request: FastifyRequest): Promise<void> {
  const { channels } = context
  const subaccount = subaccountIn(request, context)
  const { id } = channelIn(request, subaccount)
  if (readFields(request).requiredFlag('enabled')) await channels.enable(request.actor, subaccount, id)
  else await channels.disable(request.actor, subaccount, id)
}

/** The channel that the path names by type and ID, or by its ID alone. */
function channelIn(request: FastifyRequest, subaccount: Subaccount): ServiceChannel {
  const key = keyIn(request)
  const id = isId(key) ? key : (parameters(request).id ?? '')
  const channel = isId(id) ? channelOf(subaccount, Number(id)) : undefined
  if (channel === undefined || (!isId(key) && channel.target.type !== key))
    throw new PlatformError('CONNECTOR_CHANNEL_NOT_FOUND', { channel: `${key}/${id}` })
  return channel
}

function typeIn(request: FastifyRequest): ChannelType {
  const key = keyIn(request)
  const type = channelTypes.find((candidate) => candidate === key)
  if (type === undefined) throw new PlatformError('CONNECTOR_CHANNEL_NOT_FOUND', { channel: key })
  return type
}

function keyIn(request: FastifyRequest): string {
  return parameters(request).key ?? ''
}

function isId(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}

/** The port of the administration is taken for good. */
function refuseOwnPort(request: FastifyRequest, port: number): void {
  if (port === request.socket.localPort) throw invalid('port', 'is the administration port of this connector')
}

function deletion(object: string) {
  return { category: 'ServiceChannelConfiguration', action: 'delete', object } as const
}
