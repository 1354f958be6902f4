// Rotates the keys of a data directory and kills itself after a number of steps, if there are that many.
import { rotate } from '../src/keys/change-key.ts'
import type { SealedPart } from '../src/keys/sealed-part.ts'

const [part = '', steps = ''] = process.argv.slice(2)
let left = Number(steps)
const die = (): void => {
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
await rotate(JSON.parse(part) as SealedPart, false, die)
// Behind the last step: the former key has just been dropped.
die()
