import type { ConnectorConfiguration } from '@landbridge/connector'
import { connectorVersion } from '../version.ts'

/** What the connector links with what, for landscape directories; format of our own (guide L23553 names the file only). */
export function landscapeXml({ settings, subaccounts }: ConnectorConfiguration): string {
  const entries = Array.from(subaccounts.values(), (subaccount) => {
    const mappings = Array.from(subaccount.mappings.values(), (mapping) => {
      const { virtualHost, virtualPort, internalHost, internalPort, protocol, backendType } = mapping
      return `    ${element('systemMapping', { virtualHost, virtualPort, localHost: internalHost, localPort: internalPort, protocol, backendType })}/>\n`
    })
    const { regionHost, subaccountId, locationId } = subaccount
    return `  ${element('subaccount', { regionHost, id: subaccountId, locationId })}>\n${mappings.join('')}  </subaccount>\n`
  })
  const { installationId, description } = settings
  const root = element('cloudConnector', { installationId, version: connectorVersion, description })
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}>\n${entries.join('')}</cloudConnector>\n`
}

function element(name: string, attributes: Readonly<Record<string, string>>): string {
  return `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join('')}`
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // XML 1.0 has no way to write most control characters.
  return text.replaceAll(/[&<>"]/g, (char) => entities[char] ?? char).replaceAll(/\p{Cc}/gu, ' ')
}
