import { readFileSync } from 'node:fs'

/** Where operating systems keep the names of ports. */
const file = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\services' : '/etc/services'

/** The TCP port of a service of this machine, such as `sapmsERP`; undefined when the services file has none. */
export function servicePort(name: string): number | undefined {
  return portIn(readServices(), name)
}

/** The port of `name` in the text of a services file: `name port/tcp alias… # comment`. */
export function portIn(services: string, name: string): number | undefined {
  for (const line of services.split('\n')) {
    const [service, port, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (port?.endsWith('/tcp') !== true || (service !== name && !aliases.includes(name))) continue
    const number = Number(port.slice(0, -'/tcp'.length))
    if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  }
  return undefined
}

function readServices(): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
