import { isRfc, isTcp, type Protocol } from './model.ts'

/** Ports `low` to `high`, both included. A service name without a fixed number has `low` 0. */
export interface PortRange {
  readonly low: number
  readonly high: number
}

const named: PortRange = { low: 0, high: 0 }

/**
 * Reads a port of a mapping: a number from 1 to 65535; for TCP also `low-high`; for RFC also a gateway
 * `sapgw<NN>` (3300 + NN), a secured gateway `sapgw<NN>s` (4800 + NN) or a message server `sapms<SID>`, whose
 * number only the services file of the backend knows. Guide L21312, L21492.
 * @returns undefined when the text is not a port of this protocol.
 */
export function parsePort(text: string, protocol: Protocol): PortRange | undefined {
  if (isTcp(protocol)) {
    const dash = text.indexOf('-')
    if (dash >= 0) {
      const low = portNumber(text.slice(0, dash))
      const high = portNumber(text.slice(dash + 1))
      return low === 0 || high === 0 || low >= high ? undefined : { low, high }
    }
  }
  const port = portNumber(text)
  if (port !== 0) return { low: port, high: port }
  return isRfc(protocol) ? servicePort(text) : undefined
}

/** The number of an address `host:port` that is written in decimal digits without leading zeros; 0 when it is none. */
function portNumber(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return 0
  const port = Number(text)
  return port <= 65_535 ? port : 0
}

function servicePort(text: string): PortRange | undefined {
  const gateway = /^sapgw([0-9]{2})(s?)$/.exec(text)
  if (gateway !== null) {
    const port = (gateway[2] === 's' ? 4_800 : 3_300) + Number(gateway[1])
    return { low: port, high: port }
  }
  return /^sapms[A-Za-z][A-Za-z0-9]{2}$/.test(text) ? named : undefined
}
