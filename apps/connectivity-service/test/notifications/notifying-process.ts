// Sends what is pending in a database until it is killed: <database URL> <port of the mail server>
import { systemClock } from '@landbridge/kernel'
import { openReplica } from './landscape.ts'

const [, , url = '', port = ''] = process.argv
const replica = await openReplica(url, systemClock)
replica.start({ mail: { host: '127.0.0.1', port: Number(port), security: 'none' } })
setInterval(() => {}, 60_000)
