import {
  type CloudConnector,
  type CloudConnectorConfig,
  KerberosAgent,
  startCloudConnector,
} from '@landbridge/cloud-connector'
import { createRuntime } from '@landbridge/connector'
import { type Clock, type Closeable, closeAll, type Log, type Sealer, type Secret } from '@landbridge/kernel'
import { type ConnectorTables, connectorMigrations, openStore } from '@landbridge/store'
import { servicePort } from './services-file.ts'

export interface ConnectorGroupOptions {
  readonly config: CloudConnectorConfig
  /** `sqlite:<path>`: a connector's database is its own. */
  readonly storeUrl: string
  readonly sealer: Sealer
  /** Folder for payload traces and audit files; without it there are none. */
  readonly logDirectory?: string
  /** Folder in which the owner of the machine may forbid payload traces. */
  readonly configDirectory?: string
  /** Lets `landbridge status` ask how the subaccounts do. */
  readonly statusToken?: Secret
  readonly clock: Clock
  readonly log: Log
}

/** Starts a Cloud Connector: database, runtime (tunnels and backends) and administration. */
export async function startConnectorGroup(options: ConnectorGroupOptions): Promise<CloudConnector> {
  const { config, sealer, clock, log } = options
  const started: Closeable[] = []
  try {
    const store = await openStore<ConnectorTables>({
      url: options.storeUrl,
      sealer,
      clock,
      log,
      migrations: connectorMigrations,
    })
    started.push(store)
    // The runtime reports to the application, which is built on top of it.
    let app: CloudConnector | null = null
    const tickets = new KerberosAgent(log)
    started.push({ close: async () => tickets.close() })
    const runtime = createRuntime({
      clock,
      log,
      tickets,
      rfc: { infrastructureFunctions: new Set(config.rfcInfrastructureFunctions), servicePort },
      channelBindAddress: config.channelBindAddress,
      denied: (access) => app?.recordAccess(access),
      allowed: (access) => app?.recordAccess(access),
      trustChanged: (subaccountId, regionHost) => app?.trustChanged(subaccountId, regionHost),
    })
    started.push(runtime)
    const { logDirectory, configDirectory, statusToken } = options
    const connector = await startCloudConnector({
      config,
      store,
      runtime,
      clock,
      log,
      servicePort,
      ...(logDirectory === undefined ? {} : { logDirectory }),
      ...(configDirectory === undefined ? {} : { configDirectory }),
      ...(statusToken === undefined ? {} : { statusToken }),
    })
    app = connector
    return { ...connector, close: () => closeAll([store, { close: async () => tickets.close() }, connector]) }
  } catch (failure) {
    await closeAll(started)
    throw failure
  }
}
