import { instanceLevel, type Level, subaccountLevel } from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'

/** The two families of paths. The instance family means the subscription level when a subscriber's token calls. */
export const levelFamilies = [
  { prefix: '/subaccount', level: (caller: Caller) => subaccountLevel(caller.scope) },
  { prefix: '/instance', level: (caller: Caller) => instanceLevel(caller.scope) },
] as const

export type LevelOf = (request: FastifyRequest) => Level

export type ByName = { Params: { name: string } }

export function callerOf(request: FastifyRequest): Caller {
  return request.getDecorator<Caller>('caller')
}

/** @throws PlatformError DESTINATION_NOT_FOUND */
export function found<T>(entry: T | undefined): T {
  if (entry === undefined) throw new PlatformError('DESTINATION_NOT_FOUND')
  return entry
}

/** The query parameters; fastify's parser gives an object. */
export function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return request.query as Readonly<Record<string, unknown>>
}
