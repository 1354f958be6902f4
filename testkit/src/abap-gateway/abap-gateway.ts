import { createServer, type Socket } from 'node:net'
import type { AbapSystem, AbapUser } from './abap-system.ts'
import { demoFunctions } from './demo-functions.ts'
import { GatewayConnection } from './gateway-connection.ts'

export interface AbapGatewayOptions {
  readonly port?: number
  readonly host?: string
  readonly systemId?: string
  readonly users?: readonly AbapUser[]
  readonly functions?: AbapSystem['functions']
}

/** What reached the system. */
export interface SeenCall {
  readonly function: string
  readonly client: string
  readonly user: string
}

export interface AbapGateway {
  readonly port: number
  /** Function modules that ran, logons included (as RFCPING), in order. */
  readonly calls: SeenCall[]
  /** Partner hosts and programs that clients named when they opened a conversation. */
  readonly partners: { readonly host: string; readonly program: string }[]
  /** Bytes of all clients, as they came. */
  readonly received: Buffer[]
  /** Open connections. */
  readonly connections: ReadonlySet<Socket>
  close(): Promise<void>
}

export const demoUser: AbapUser = { client: '000', user: 'TECHUSER', password: 'Secret#2026' }

/** An ABAP system as far as callers of function modules see it: gateway, logon, calls over the classic RFC protocol. */
export async function startAbapGateway(options: AbapGatewayOptions = {}): Promise<AbapGateway> {
  const systemId = options.systemId ?? 'LBR'
  const system: AbapSystem = {
    systemId,
    users: options.users ?? [demoUser],
    functions: { ...demoFunctions(systemId), ...options.functions },
  }
  const connections = new Set<Socket>()
  const seen = { calls: [] as SeenCall[], partners: [] as AbapGateway['partners'], received: [] as Buffer[] }
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    new GatewayConnection(socket, system, seen)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ...seen,
    connections,
    async close() {
      for (const socket of connections) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
