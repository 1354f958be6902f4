export { type Clock, ManualClock, systemClock } from './clock.ts'
export { catalogue, type ErrorCode, errorEntry } from './errors/catalogue.ts'
export type { ErrorEntry, Level, Retry } from './errors/entry.ts'
export {
  describeError,
  type Facts,
  isPlatformError,
  PlatformError,
  type Problem,
  toProblem,
} from './errors/platform-error.ts'
export { type Closeable, closeAll, jitteredBackoffMs, type RunningApp } from './lifecycle.ts'
export { createLog, type Log, silentLog } from './log.ts'
export { keyIdOf, looksSealed, Sealer } from './sealer.ts'
export { equalSecrets, randomSecret, Secret } from './secret.ts'
export { shellCommand } from './shell-command.ts'
export type { Transaction } from './transaction.ts'
