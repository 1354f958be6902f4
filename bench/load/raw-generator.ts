import { connect, type Socket } from 'node:net'
import { Histogram } from './histogram.ts'
import { type LoadGenerator, type LoadResult, requestHead } from './load.ts'
import { ResponseCounter } from './response-counter.ts'

/** Our own load generator, for machines without wrk: prepared bytes, raw sockets, no HTTP client in between. */
export const rawGenerator: LoadGenerator = {
  name: 'raw sockets of Node',
  async run(entry, path, connections, seconds) {
    const requests = (entry.variants ?? [{}]).map((variant) => requestHead(entry, 'GET', path, variant))
    let turn = 0
    const next = () => requests[turn++ % requests.length]!
    const tally = { histogram: new Histogram(), errors: 0, stopping: false }
    const startedMs = performance.now()
    const clients = Array.from({ length: connections }, () => keepAsking(entry.port, entry.host, next, tally))
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    tally.stopping = true
    const elapsed = (performance.now() - startedMs) / 1000
    const { count } = tally.histogram
    for (const socket of clients) socket.destroy()
    return result(count, elapsed, tally)
  },
}

interface Tally {
  readonly histogram: Histogram
  errors: number
  stopping: boolean
}

function result(requests: number, seconds: number, { histogram, errors }: Tally): LoadResult {
  return { requests, seconds, p50Us: histogram.percentile(0.5), p99Us: histogram.percentile(0.99), errors }
}

function keepAsking(port: number, host: string, next: () => Buffer, tally: Tally): Socket {
  const socket = connect({ port, host, noDelay: true })
  const counter = new ResponseCounter()
  let askedMs = 0
  const ask = () => {
    askedMs = performance.now()
    socket.write(next())
  }
  const failed = () => {
    if (!tally.stopping) tally.errors += 1
    socket.destroy()
  }
  socket.on('connect', ask)
  socket.on('error', failed)
  socket.on('end', failed)
  socket.on('data', (chunk) => {
    const complete = counter.push(chunk)
    if (complete === 0) return
    if (tally.stopping) return
    if (complete < 0) return failed()
    tally.histogram.record((performance.now() - askedMs) * 1000)
    ask()
  })
  return socket
}
