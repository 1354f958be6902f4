import { randomInt } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Below what systems give to listeners on port 0 (Linux 32768, others 49152), above the ports of the product. */
const range = [21_000, 32_000] as const

/**
 * A port that is free and stays so: no other caller of this run gets it, and no listener on port 0. Prefer listening on
 * port 0 wherever the listener can tell its port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...range)
    if (reserve(port) && (await canListen(port))) return port
  }
}

/** Marks the port in the folder that `npm test` has for its run. A file that runs alone has nobody to agree with. */
function reserve(port: number): boolean {
  const folder = process.env.LANDBRIDGE_TEST_FOLDER
  if (folder === undefined) return true
  try {
    closeSync(openSync(join(folder, `port-${port}`), 'wx'))
    return true
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'EEXIST') return false
    throw failure
  }
}

async function canListen(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    return true
  } catch {
    return false
  } finally {
    await new Promise((resolve) => probe.close(resolve))
  }
}
