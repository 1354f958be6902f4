export { ConnectorStore } from './connector-store.ts'
export { connectorMigrations } from './migrations.ts'
export type { ConnectorTables } from './tables.ts'
export { ConnectorUsageStore } from './usage-store.ts'
