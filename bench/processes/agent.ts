// Our connector as a process: the real runtime with real access control. Argument: a file with AgentSettings.
// Prints one line of JSON when it is connected to the control listener.
import { readFileSync } from 'node:fs'
import { compileAccess, type Resource, type SystemMapping } from '@landbridge/access'
import { type ConnectorSnapshot, createRuntime, defaultPropagationSettings } from '@landbridge/connector'
import { createLog, Secret, systemClock } from '@landbridge/kernel'
import { type AgentMapping, type AgentPropagation, type AgentSettings, exitOnTerm, readSettings } from './settings.ts'

exitOnTerm()
const settings = readSettings<AgentSettings>()

/** Several resources, as a real mapping has: the decision must look for the right one. */
const resources: readonly Resource[] = ['/admin', '/api/v1', '/bulk', '/small', '/upload', '/user'].map((id) => ({
  id,
  enabled: true,
  exactMatchOnly: false,
  websocketUpgradeAllowed: false,
  createdAtMs: 0,
}))

function toMapping({
  virtualHost,
  virtualPort,
  port,
  protocol,
  authenticationMode = 'NONE',
}: AgentMapping): SystemMapping {
  return {
    virtualHost,
    virtualPort: String(virtualPort),
    internalHost: '127.0.0.1',
    internalPort: String(port),
    protocol,
    backendType: 'nonSAPsys',
    authenticationMode,
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: protocol === 'TCP' ? [] : resources,
  }
}

function certificatesOf({
  system,
  authority,
}: AgentPropagation): Pick<ConnectorSnapshot, 'systemCertificate' | 'propagation'> {
  return {
    systemCertificate: { cert: system.cert, key: new Secret(system.key) },
    propagation: {
      settings: defaultPropagationSettings,
      authority: { cert: authority.cert, key: new Secret(authority.key) },
      hasSystemCertificate: true,
    },
  }
}

const ca = readFileSync(settings.ca, 'utf8')
const { propagation } = settings
const snapshot: ConnectorSnapshot = {
  installationId: settings.connectorId,
  version: '0.1.0',
  description: '',
  trust: { trustAllBackends: false, certificates: propagation === undefined ? [] : [propagation.backendCa] },
  ...(propagation === undefined ? {} : certificatesOf(propagation)),
  subaccounts: [
    {
      subaccountId: settings.subaccountId,
      regionHost: 'localhost',
      locationId: '',
      description: '',
      connected: true,
      loadSharing: false,
      tunnelConnections: 1,
      endpoint: { notificationHost: 'localhost', address: '127.0.0.1', port: settings.controlPort, ca },
      certificate: readFileSync(settings.cert, 'utf8'),
      privateKey: new Secret(readFileSync(settings.key, 'utf8')),
      access: compileAccess(settings.mappings.map(toMapping)),
      domainMappings: [],
      trustedIssuers: propagation === undefined ? [] : [propagation],
    },
  ],
}

const log = createLog((level, event, facts) => {
  process.stderr.write(`${level} ${event} ${JSON.stringify(facts)}\n`)
  if (event === 'cloud.connected') process.stdout.write(`${JSON.stringify({ connected: true })}\n`)
})
createRuntime({ clock: systemClock, log }).apply(snapshot)
