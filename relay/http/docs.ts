/** OpenAPI from the same schemas that routes read with: the document at /docs/json, and a page of plain HTML that shows it at /docs. */
import swagger from '@fastify/swagger'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { FastifyInstance } from 'fastify'
import type * as v from 'valibot'
import { securityHeaders } from '#core/base/policy.ts'
import { escapeHtml } from './html.ts'

type Schema = v.GenericSchema

/** What a route says of itself; bodies and queries are read by the handler with the same schema. */
export function describeRoute(
  summary: string,
  { body, query, tag }: { body?: Schema; query?: Schema; tag?: string } = {},
): Record<string, unknown> {
  return {
    summary,
    ...(tag ? { tags: [tag] } : {}),
    ...(body ? { body: asJson(body) } : {}),
    ...(query ? { querystring: asJson(query) } : {}),
  }
}

function asJson(schema: Schema): object {
  // What JSON Schema cannot say (transforms, checks of our own) is left out of the document; the handler still holds requests to it.
  const { $schema: _, ...json } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' })
  return json
}

export async function serveDocs(app: FastifyInstance, version: string): Promise<void> {
  // The schemas in routes are for the document alone.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: {
      info: {
        title: 'IoT Guardian relay',
        version,
        description: 'Log in for a session cookie, or send an API key as `Authorization: Bearer …`.',
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'guardian' },
          key: { type: 'http', scheme: 'bearer' },
        },
      },
    },
  })
  app.get('/docs/json', { config: { role: 'public' }, schema: { hide: true } }, () => app.swagger())
  app.get('/docs', { config: { role: 'public' }, schema: { hide: true } }, (_request, reply) =>
    reply.headers(securityHeaders()).type('text/html; charset=utf-8').send(page(app.swagger())),
  )
}

interface Operation {
  readonly summary?: string
  readonly requestBody?: unknown
  readonly parameters?: unknown
}

/** Without scripts and styles of its own: the policy of the app holds here too. */
function page(document: { paths?: object | undefined; info: { title: string; version: string } }): string {
  const paths = Object.entries(document.paths ?? {}) as [string, Record<string, Operation>][]
  const rows = paths.flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary = '', requestBody, parameters }]) => {
      const given = requestBody ?? parameters
      const shape = given
        ? `<details><summary>What it takes</summary><pre>${escapeHtml(JSON.stringify(given, undefined, 2))}</pre></details>`
        : ''
      return `<h2><code>${method.toUpperCase()} ${escapeHtml(path)}</code></h2><p>${escapeHtml(summary)}</p>${shape}`
    }),
  )
  const { title, version } = document.info
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<h1>${escapeHtml(title)} ${escapeHtml(version)}</h1><p>The same as <a href="/docs/json">OpenAPI 3</a>.</p>${rows.join('\n')}</html>`
}
