// node apps/destination-service/test/write-operations-table.ts: writes the table of operations into docs/compatibility.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { compatibilityPage, withOperationsTable } from './support/operations-table.ts'

writeFileSync(compatibilityPage, withOperationsTable(readFileSync(compatibilityPage, 'utf8')))
