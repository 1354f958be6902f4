/** Headers as they are on the wire: name, value, name, value, … with case, order and repetitions kept. */
export type RawHeaders = readonly string[]

/** Headers that belong to one connection (RFC 9110 section 7.6.1), and those that the next connection writes anew. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export function* pairsOf(raw: RawHeaders): Generator<readonly [name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index]!, raw[index + 1]!]
}

/** The end-to-end headers that `keep` does not refuse; it gets lower-case names. */
export function endToEnd(raw: RawHeaders, keep: (name: string) => boolean = () => true): string[] {
  const named = namesInConnection(raw)
  const kept: string[] = []
  for (const [name, value] of pairsOf(raw)) {
    const lower = name.toLowerCase()
    if (!ofConnection.has(lower) && !named.has(lower) && keep(lower)) kept.push(name, value)
  }
  return kept
}

export function isOfConnection(name: string): boolean {
  return ofConnection.has(name.toLowerCase())
}

function namesInConnection(raw: RawHeaders): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [name, value] of pairsOf(raw))
    if (name.toLowerCase() === 'connection') for (const one of value.split(',')) names.add(one.trim().toLowerCase())
  return names
}
