import { readFileSync } from 'node:fs'
import { niFrame } from '../src/index.ts'

/** What two clients of others sent to the emulated gateway: payloads of NI frames, one a line. */
export const recordings = ['open-rfc-0.2.3', 'erpl-pyrfc-2026.9.3'] as const

export function recordedPayloads(name: (typeof recordings)[number]): Buffer[] {
  const text = readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'hex'))
}

/** The recording as the bytes of a connection. */
export function recordedStream(name: (typeof recordings)[number]): Buffer {
  return Buffer.concat(recordedPayloads(name).map(niFrame))
}
