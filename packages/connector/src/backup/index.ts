export { type BackupEntries, readBackup, writeBackup } from './backup.ts'
