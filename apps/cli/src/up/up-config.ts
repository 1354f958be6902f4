import { notificationsConfigSchema } from '@landbridge/connectivity-service'
import { type Static, Type } from '@sinclair/typebox'
import { upIdentitySchema } from '../compose/identity-config.ts'
import { portsSchema } from './ports.ts'

/**
 * Configuration of `landbridge up`. A port that nobody sets moves to a free one when its default is taken; a port that
 * was set never moves.
 */
export const upConfigSchema = Type.Object({
  host: Type.String({
    default: '127.0.0.1',
    description: 'Address that everything listens on. `up` is made for one machine: keep it on a loopback address.',
  }),
  logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], {
    default: 'info',
    description: 'Least severe events that go to landbridge.log in the data directory.',
  }),
  identity: upIdentitySchema,
  notifications: Type.Object(notificationsConfigSchema.properties, {
    description: 'Who is told of certificates that are renewed or end, and how.',
  }),
  ports: portsSchema,
})

export type UpConfig = Static<typeof upConfigSchema>
