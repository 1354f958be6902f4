import { connect } from 'node:net'
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../http/failure.ts'
import type { ComponentState } from '../state/state-file.ts'

/** The answer of one component. */
export interface Probe {
  readonly name: string
  readonly url: string
  readonly ready: boolean
  /** Empty when ready. */
  readonly reason: string
  readonly durationMs: number
}

const deadlineMs = 5_000

/** Asks every component at once, each with a deadline of its own. Never throws. */
export function probeComponents(components: readonly ComponentState[], agent: Dispatcher): Promise<readonly Probe[]> {
  return Promise.all(components.map((component) => probe(component, agent)))
}

/** True when there is something and all of it is ready. */
export function allReady(probes: readonly Probe[]): boolean {
  return probes.length > 0 && probes.every((answer) => answer.ready)
}

async function probe(component: ComponentState, agent: Dispatcher): Promise<Probe> {
  const start = performance.now()
  const reason = await whyNotReady(component.readyUrl, agent)
  const { name, url } = component
  return { name, url, ready: reason === '', reason, durationMs: Math.round(performance.now() - start) }
}

async function whyNotReady(url: string, agent: Dispatcher): Promise<string> {
  try {
    // A component that speaks no HTTP is ready when it accepts connections.
    if (url.startsWith('tcp:')) return await whyNotListening(new URL(url))
    const answer = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(deadlineMs) })
    if (answer.statusCode === 200) {
      await answer.body.dump()
      return ''
    }
    const reason = reasonIn(await answer.body.text())
    return `answers ${answer.statusCode}${reason === '' ? '' : ` (${reason})`}`
  } catch (thrown) {
    return connectionFailure(thrown)
  }
}

/** What a health endpoint says besides its status, as one short line. */
function reasonIn(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown }
    return typeof reason === 'string' ? reason.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200) : ''
  } catch {
    return ''
  }
}

function whyNotListening({ hostname, port }: URL): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: deadlineMs })
    const settle = (reason: string): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.once('connect', () => settle(''))
    socket.once('timeout', () => settle('no answer in time'))
    socket.once('error', (failure) => settle(connectionFailure(failure)))
  })
}
