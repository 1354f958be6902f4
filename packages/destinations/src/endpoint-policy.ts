import { BlockList, isIP } from 'node:net'
import { PlatformError } from '@landbridge/kernel'

const privateNetworks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]

/** Link-local networks and the well-known metadata addresses of clouds: they hand out credentials of the machine. */
const neverNetworks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['169.254.0.0', 16, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
  ['fe80::', 10, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
]

export interface EndpointPolicyOptions {
  /** `deny` is for production; `allow` for a laptop, where the identity servers are on the same machine. */
  readonly privateAddresses: 'deny' | 'allow'
  /** Host names, addresses or networks (`10.1.0.0/16`) that are permitted although they are private. */
  readonly allow?: readonly string[]
}

/**
 * Which addresses the service may call on behalf of a destination (guide L13398-13402). It is asked for every address
 * that a name resolves to, at the moment of connecting, so that a changed DNS answer gains nothing.
 */
export class EndpointPolicy {
  readonly #allowPrivate: boolean
  readonly #private: BlockList
  readonly #never: BlockList
  readonly #allowedNetworks: BlockList
  readonly #allowedHosts: ReadonlySet<string>

  constructor(options: EndpointPolicyOptions) {
    this.#allowPrivate = options.privateAddresses === 'allow'
    this.#private = blockList(privateNetworks)
    this.#never = blockList(neverNetworks)
    this.#allowedNetworks = new BlockList()
    const hosts = new Set<string>()
    for (const entry of options.allow ?? [])
      if (!addNetwork(this.#allowedNetworks, entry)) hosts.add(entry.toLowerCase())
    this.#allowedHosts = hosts
  }

  /**
   * @param host the name in the URL, without brackets
   * @param address the IP address about to be called
   * @param privateNetwork true when the destination itself says that its network is private (ProxyType PrivateLink)
   */
  permits(host: string, address: string, privateNetwork = false): boolean {
    const plain = unwrapped(address)
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(plain) === 0 || this.#never.check(plain, family)) return false
    if (this.#allowPrivate || privateNetwork || !this.#private.check(plain, family)) return true
    return this.#allowedHosts.has(host.toLowerCase()) || this.#allowedNetworks.check(plain, family)
  }
}

/** An IPv4 address in IPv6 clothes (mapped, or through the well-known NAT64 prefix) as IPv4; zone IDs are cut off. */
function unwrapped(address: string): string {
  const text = address.replace(/%.*$/, '')
  if (isIP(text) !== 6) return text
  // The URL parser writes every IPv6 address in its canonical hexadecimal form.
  const hex = /^\[(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${text}]`).hostname)
  if (hex === null) return text
  const [high, low] = [Number.parseInt(hex[1] ?? '0', 16), Number.parseInt(hex[2] ?? '0', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function blockList(networks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList()
  for (const [address, bits, family] of networks) list.addSubnet(address, bits, family)
  return list
}

function addNetwork(list: BlockList, entry: string): boolean {
  const [address = '', bits] = entry.split('/')
  const version = isIP(address)
  if (version === 0) return false
  const width = version === 4 ? 32 : 128
  const prefix = bits === undefined ? width : Number(bits)
  // An empty prefix would read as 0 and open every network.
  if (bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > width)
    throw new PlatformError('CONFIG_INVALID', { problems: [`${entry} is no network of allowed token services`] })
  list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  return true
}
