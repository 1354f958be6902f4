// What recording one request for monitoring costs: `node bench/traffic-record.ts`. Prints the median of nine rounds.
import { compileAccess } from '@landbridge/access'
import { SubaccountTraffic } from '@landbridge/connector'
import { systemClock } from '@landbridge/kernel'
import { mapping, resource } from '@landbridge/testkit'

const rounds = 9
const calls = 200_000
const paths = ['/sap/opu/odata/sap/API_BUSINESS_PARTNER?$top=10', '/sap/bc/ping', '/ui5/app/index.html']

function measure(name: string, resources: readonly string[]): void {
  const table = compileAccess([mapping('erp.virtual', 80, { resources: resources.map((id) => resource(id)) })])
  const traffic = new SubaccountTraffic(systemClock)
  const decision = table.decideHttp('erp.virtual', 80, paths[0] as string, false)
  if (typeof decision === 'number') throw new Error('not allowed')
  const times: number[] = []
  let allocated = 0
  for (let round = -3; round < rounds; round++) {
    const heap = process.memoryUsage().heapUsed
    const begin = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) {
      const measurement = traffic.begin()
      measurement.reached(traffic.meterOf(decision.system, decision.resources), paths[i % paths.length] as string, '')
      measurement.receivedBytes += 500
      measurement.sentBytes += 300
      measurement.end()
    }
    if (round >= 0) times.push(Number(process.hrtime.bigint() - begin) / calls)
    allocated = (process.memoryUsage().heapUsed - heap) / calls
  }
  const median = times.sort((a, b) => a - b)[rounds >> 1] as number
  console.log(
    `${name.padEnd(24)} ${median.toFixed(0).padStart(5)} ns ${allocated.toFixed(1).padStart(7)} bytes allocated`,
  )
}

function clock(): void {
  const begin = process.hrtime.bigint()
  let sum = 0
  for (let i = 0; i < calls * 10; i++) sum = (sum + performance.now()) | 0
  const each = Number(process.hrtime.bigint() - begin) / calls / 10
  console.log(
    `one reading of the clock  ${each.toFixed(0).padStart(4)} ns (two per request are part of the above) ${sum === 1 ? '' : ''}`,
  )
}

measure('one resource', ['/'])
measure('200 resources', ['/', ...Array.from({ length: 199 }, (_, i) => `/sap/${i}`)])
clock()
