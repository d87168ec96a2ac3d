/** Headers on every answer: the page's policy, nothing kept in caches, and over TLS the promise that it stays so. */
import type { FastifyInstance } from 'fastify'
import { securityHeaders } from '#core/base/policy.ts'

const HSTS = 'max-age=31536000'

export function addHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    // On the raw answer, which files of the page take too.
    if (request.protocol === 'https') reply.raw.setHeader('strict-transport-security', HSTS)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(securityHeaders())
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
}
