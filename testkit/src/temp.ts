import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A fresh folder that is removed at the end of the scope: `using folder = temporaryFolder()`. In the folder that `npm test`
 * has for its run, if it has one.
 */
export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(process.env.LANDBRIDGE_TEST_FOLDER ?? tmpdir(), 'landbridge-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
