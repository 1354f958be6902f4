import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** An operation as a service registered it. */
export interface Route {
  readonly method: string
  /** With `:parameters`. */
  readonly url: string
  /** JSON schemas, where the service has some. */
  readonly body?: JsonSchema | undefined
  readonly query?: JsonSchema | undefined
}

/** What of a JSON schema is read here; all of it is optional. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly maxLength?: number
  readonly minLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

interface Registered {
  readonly method: string | readonly string[]
  readonly url: string
  readonly schema?: { readonly body?: JsonSchema; readonly querystring?: JsonSchema }
}

interface Api {
  addHook(name: 'onRoute', hook: (route: Registered) => void): void
}

/** The channel on which fastify tells of every instance, before any route of it is there. */
const created = 'fastify.initialization'

/**
 * Starts services and finds every route that they registered: a new one is there without an edit.
 * @returns what `start` returned, and the routes of each HTTP server, without those that answer HEAD only
 */
export async function withRoutes<T>(start: () => Promise<T>): Promise<{ started: T; servers: readonly Route[][] }> {
  const servers: Route[][] = []
  const watch = (message: unknown): void => {
    const { fastify } = message as { fastify: Api } // as its reference says of this channel
    const routes: Route[] = []
    servers.push(routes)
    fastify.addHook('onRoute', ({ method, url, schema }) => {
      for (const name of [method].flat())
        if (name !== 'HEAD') routes.push({ method: name, url, body: schema?.body, query: schema?.querystring })
    })
  }
  subscribe(created, watch)
  try {
    return { started: await start(), servers }
  } finally {
    unsubscribe(created, watch)
  }
}
