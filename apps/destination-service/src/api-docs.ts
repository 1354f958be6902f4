import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Describes all routes that are registered after it, and serves the description as OpenAPI 3.1 at `/api-docs`. */
export async function registerApiDocs(api: FastifyInstance): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Landbridge destination service',
        description:
          'Destinations, fragments and certificates, and tokens for them. URIs have 4,000 characters at most.',
        version: '1.0.0',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  })
  // The description says nothing about data, so it needs no token.
  api.get('/api-docs', { schema: { hide: true } }, async () => api.swagger())
}
