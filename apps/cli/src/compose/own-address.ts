export interface OwnAddresses {
  /** Of the listeners of this process. */
  readonly listeners: readonly (string | undefined)[]
  /** Where clients reach them when something stands in front; empty when nothing does. */
  readonly publicUrls: readonly (string | undefined)[]
  /** Of the built-in token service, with the port if it is not 443; tenants stand below it. */
  readonly uaaDomain: string | undefined
}

/** Whether a URL leads to this platform: to a listener, a public URL, or the token service of a tenant. */
export function isOwnAddress(url: URL, { listeners, publicUrls, uaaDomain }: OwnAddresses): boolean {
  const { hostname } = url
  const isListener = urlsOf(listeners).some(
    (own) => portOf(own) === portOf(url) && (own.hostname === hostname || isThisMachine(hostname)),
  )
  const isPublic = urlsOf(publicUrls).some((own) => own.hostname === hostname && portOf(own) === portOf(url))
  const isTokenService = urlsOf([uaaDomain && `https://${uaaDomain}`]).some(
    (own) => portOf(own) === portOf(url) && (own.hostname === hostname || hostname.endsWith(`.${own.hostname}`)),
  )
  return isListener || isPublic || isTokenService
}

function urlsOf(texts: readonly (string | undefined)[]): readonly URL[] {
  return texts.flatMap((text) => (text === undefined || text === '' ? [] : [new URL(text)]))
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80')
}

function isThisMachine(hostname: string): boolean {
  return /(^|\.)localhost$/.test(hostname) || hostname === '127.0.0.1'
}
