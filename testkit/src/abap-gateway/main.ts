import { parseArgs } from 'node:util'
import { demoUser, startAbapGateway } from './abap-gateway.ts'
import { demoFunctions } from './demo-functions.ts'

/** An emulated ABAP gateway on the command line: `npm run demo:gateway -- --port 3300`. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3300' },
    host: { type: 'string', default: '127.0.0.1' },
    'system-id': { type: 'string', default: 'LBR' },
    client: { type: 'string', default: demoUser.client },
    user: { type: 'string', default: demoUser.user },
    password: { type: 'string', default: demoUser.password },
  },
})
const systemId = values['system-id']
const user = { client: values.client, user: values.user, password: values.password }
const gateway = await startAbapGateway({ port: Number(values.port), host: values.host, systemId, users: [user] })
const stop = (): void => void gateway.close().then(() => process.exit(0))
process.once('SIGINT', stop).once('SIGTERM', stop)
console.log(`Emulated ABAP system ${systemId}: gateway on ${values.host}:${gateway.port}`)
console.log(
  `Log on to client ${user.client} as ${user.user}. Function modules: ${Object.keys(demoFunctions(systemId)).join(', ')}`,
)
