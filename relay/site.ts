/** The built site over HTTP: what `npm start` serves beside the relay's API, and what can be served alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { securityHeaders } from '#core/base/policy.ts'
import type { StaticSite } from './static.ts'

export interface SiteOptions {
  readonly site: StaticSite
  /** Where the site lies on this host: '' or '/some/path', no slash at the end. */
  readonly basePath?: string
}

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Slow or endless requests end here. */
const REQUEST_TIMEOUT_MS = 30_000

export function createSiteServer(options: SiteOptions): Server {
  const server = createServer((request, response) => {
    // A foreign name that points to 127.0.0.1 (DNS rebinding) must not reach what is served here.
    if (!isLocalHost(request.headers.host)) {
      refuse(response, 421, 'This server answers to localhost and 127.0.0.1 only.')
      return
    }
    answerSite(request, response, options).catch((error: unknown) => {
      console.error(error)
      if (!response.headersSent) refuse(response, 500, 'The server made a mistake; its console says which.')
      else response.destroy()
    })
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  return server
}

/** Answers one GET or HEAD. Whoever calls it has made sure that the request is meant for this server (isLocalHost). */
export async function answerSite(
  request: IncomingMessage,
  response: ServerResponse,
  options: SiteOptions,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseSiteRequest(response, 405)
    return
  }
  const pathname = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/'
  const basePath = options.basePath ?? ''
  if (!pathname.startsWith(`${basePath}/`)) {
    refuse(response, 404, 'There is no such page here.')
    return
  }
  const found = await options.site.answer({
    pathname: pathname.slice(basePath.length),
    accept: headerText(request.headers.accept),
    encodings: headerText(request.headers['accept-encoding']),
    ifNoneMatch: request.headers['if-none-match'],
  })
  const { location } = found.headers
  if (location) found.headers.location = basePath + location
  response.writeHead(found.status, { ...found.headers, 'content-length': found.body?.length ?? 0 })
  response.end(request.method === 'HEAD' ? undefined : found.body)
}

export function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && LOCAL_HOSTS.has(host.replace(/:\d+$/, '').toLowerCase())
}

function headerText(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** For what no route takes. */
export function refuseSiteRequest(response: ServerResponse, status: 404 | 405): void {
  if (status === 405) response.setHeader('allow', 'GET, HEAD')
  refuse(response, status, status === 404 ? 'There is no such route here.' : 'Only GET and HEAD are answered here.')
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...securityHeaders(), 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}
