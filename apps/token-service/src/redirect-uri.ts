/** Schemes that run code or read local data when a browser follows them. */
const dangerous = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'])

/**
 * True when a client registered this address to return to: exactly, or by a pattern such as `https://*.example.test/**`
 * or `http://localhost:*` + `/**`. In a pattern `*` stands for one label of the host, the port, or one segment of the
 * path, and a trailing `**` for any path and query. Comparing parsed parts keeps `https://evil.test/.example.test/` and
 * `https://example.test@evil.test` out.
 */
export function isRegisteredRedirect(candidate: string, registered: readonly string[]): boolean {
  const target = parseTarget(candidate)
  return target !== undefined && registered.some((pattern) => matches(target, candidate, pattern))
}

function parseTarget(candidate: string): URL | undefined {
  // Browsers drop control characters and read "\" as "/": such addresses are never legitimate.
  for (const char of candidate) if (char <= ' ' || char === '\\' || char === '\x7f') return undefined
  if (candidate.includes('#') || !URL.canParse(candidate)) return undefined
  const target = new URL(candidate)
  return dangerous.has(target.protocol) || target.username !== '' || target.password !== '' ? undefined : target
}

function matches(target: URL, candidate: string, pattern: string): boolean {
  if (candidate === pattern) return true
  const parts = /^(https?):\/\/([^/:?#@]+)(?::(\d+|\*))?(\/[^?#]*)?$/.exec(pattern)
  if (parts === null) return false
  const [, scheme = '', host = '', port, path = '/'] = parts
  if (target.protocol !== `${scheme}:` || !hostMatches(target.hostname, host.toLowerCase())) return false
  if (port !== '*' && target.port !== normalPort(scheme, port)) return false
  return pathMatches(target, path)
}

/** The form in which `URL.port` shows a port: '' for the scheme's own. */
function normalPort(scheme: string, port: string | undefined): string {
  const own = scheme === 'https' ? '443' : '80'
  return port === undefined || port === own ? '' : port
}

function hostMatches(host: string, pattern: string): boolean {
  const labels = host.split('.')
  const wanted = pattern.split('.')
  return (
    labels.length === wanted.length &&
    wanted.every((want, at) => (want === '*' ? labels[at] !== '' : want === labels[at]))
  )
}

function pathMatches(target: URL, pattern: string): boolean {
  const wanted = pattern.split('/')
  const isOpen = wanted.at(-1) === '**'
  if (isOpen) wanted.pop()
  else if (target.search !== '') return false
  const segments = target.pathname.split('/')
  if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return false
  return wanted.every((want, at) => want === '*' || want === segments[at])
}
