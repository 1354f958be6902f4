// A worker of `landbridge proxy`: a process that its supervisor starts, tells what to do over IPC, and ends.
import { pinoLog } from '@landbridge/http-api'
import { isPlatformError, systemClock } from '@landbridge/kernel'
import { type ServedProxy, serveProxy } from '../run/serve-proxy.ts'
import type { FromWorker, Question, ToWorker, WorkerTask } from './worker-message.ts'

process.umask(0o077)
// A terminal sends its signals to all processes of the group: the supervisor decides.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
// The supervisor reads our log: when it is gone, so are we.
process.stdout.on('error', () => {})
process.once('disconnect', () => process.exit(1))
if (!process.connected) process.exit(1)

let serving: Promise<ServedProxy | undefined> | undefined
let isStopping = false

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      serving ??= start(message.task)
      return
    case 'ask':
      return void answer(message.id, message.question)
    case 'stop':
      return void stop()
    default:
      return message satisfies never
  }
})
// Of somebody who wants this process replaced: its seat is taken again.
process.on('SIGTERM', () => void stop())

async function start({ worker, logLevel, clusterPort, materials }: WorkerTask): Promise<ServedProxy | undefined> {
  const writeLine = (line: string): void => void process.stdout.write(`${line}\n`)
  const log = pinoLog(logLevel, { write: (line) => writeLine(line.trimEnd()) }).with({ worker })
  try {
    const served = await serveProxy(materials, { clock: systemClock, log, writeLine, worker: { clusterPort } })
    send({ type: 'started', url: served.proxy.url, tunnelPort: served.proxy.tunnelPort })
    void served.proxy.whenReady().then(() => send({ type: 'ready' }))
    return served
  } catch (failure) {
    const known = isPlatformError(failure) ? { code: failure.code, facts: failure.facts } : { facts: {} }
    const reason = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
    send({ type: 'failed', ...known, reason }, () => process.exit(1))
    return undefined
  }
}

async function answer(id: number, question: Question): Promise<void> {
  const { proxy } = (await serving) ?? {}
  const value = question === 'ready' ? proxy?.ready() : await proxy?.metrics()
  send({ type: 'answer', id, value })
}

async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  const served = await serving
  await served?.close()
  process.exit(0)
}

function send(message: FromWorker, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent)
  else sent()
}
