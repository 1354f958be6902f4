import { randomUUID } from 'node:crypto'
import type { ConnectorSettings, HaRole } from '@landbridge/connector'
import { hashPassword } from '@landbridge/identity'
import type { CloudConnectorConfig } from './config.ts'

/** The user and password of every new installation (guide L18731). */
const initialUser = 'Administrator'
const initialPassword = 'manage'

/** Settings of a new installation; an existing one keeps its own. */
export async function firstSettings(config: CloudConnectorConfig, hash = hashPassword): Promise<ConnectorSettings> {
  return {
    installationId: randomUUID(),
    description: '',
    // Whoever declares the wanted state has no step left in which to choose a role.
    haRole: config.bootstrap === undefined || config.haRole === 'shadow' ? (config.haRole as HaRole) : 'master',
    administrator: {
      user: initialUser,
      passwordHash: await hash(config.initialPassword ?? initialPassword),
      hasInitialPassword: config.initialPassword === undefined,
      generation: 1,
    },
    trustAllBackends: false,
  }
}
