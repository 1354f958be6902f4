import swagger from '@fastify/swagger'
import { type ApiDocument, apiPage, apiPageHeaders } from '@landbridge/http-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Describes all routes that are registered after it, and serves the description at `/api-docs`: a page, or OpenAPI 3.1. */
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
  api.get('/api-docs.json', { schema: { hide: true } }, async () => api.swagger())
  api.get('/api-docs', { schema: { hide: true } }, async (request, reply) => {
    reply.header('vary', 'accept')
    if (!isBrowser(request)) return api.swagger()
    return reply.headers(apiPageHeaders).send(apiPage(api.swagger() as ApiDocument, about))
  })
}

const about = { documentUrl: '/api-docs.json', base: 'the uri of the binding' }

/** Programs and curl accept anything, and have had the document from here. */
function isBrowser(request: FastifyRequest): boolean {
  return /\btext\/html\b/i.test(request.headers.accept ?? '')
}
