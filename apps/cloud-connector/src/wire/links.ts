import type { FastifyRequest } from 'fastify'

/** A HAL link (guide L31703). */
export interface Link {
  readonly href: string
}

/** Builds absolute addresses as the client sees this connector, also behind a reverse proxy with a path prefix. */
export class Links {
  readonly #base: string

  /** @param publicUrl configured address; otherwise the request's own headers tell it. */
  constructor(request: FastifyRequest, publicUrl: string | undefined) {
    this.#base = publicUrl?.replace(/\/+$/, '') ?? baseOf(request)
  }

  to(path: string): string {
    return `${this.#base}/api/v1/configuration${path}`
  }

  link(path: string): Link {
    return { href: this.to(path) }
  }
}

function baseOf(request: FastifyRequest): string {
  const scheme = forwarded(request, 'x-forwarded-proto', /^https?$/) ?? 'https'
  const host =
    forwarded(request, 'x-forwarded-host', /^[\w.:[\]-]{1,255}$/) ?? (request.host === '' ? 'localhost' : request.host)
  const prefix = forwarded(request, 'x-forwarded-prefix', /^(\/[\w.~%-]+)+\/?$/) ?? ''
  return `${scheme}://${host}${prefix.replace(/\/$/, '')}`
}

/** The first value of a forwarding header, if it looks like one: it ends up in addresses that clients call. */
function forwarded(request: FastifyRequest, name: string, shape: RegExp): string | undefined {
  const value = request.headers[name]
  const first = (Array.isArray(value) ? value[0] : value)?.split(',', 1)[0]?.trim()
  return first !== undefined && shape.test(first) ? first : undefined
}

export function subaccountPath(regionHost: string, subaccountId: string): string {
  return `/subaccounts/${encodeURIComponent(regionHost)}/${encodeURIComponent(subaccountId)}`
}
