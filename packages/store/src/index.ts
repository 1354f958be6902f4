export type { Bus } from './base/bus.ts'
export { isDuplicate, toStoreError } from './base/errors.ts'
export { openStore, type Store, type StoreKind, type StoreOptions } from './base/open.ts'
export { ConnectorStore, type ConnectorTables, connectorMigrations } from './connector/index.ts'
