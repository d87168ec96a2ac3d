/** The small server: checks who is addressed and how, then hands the request to its room (so far only the static site). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { securityHeaders } from '#core/base/policy.ts'
import type { StaticSite } from './static.ts'

export interface AppOptions {
  readonly site: StaticSite
  /** Where the site lies on this host: '' or '/some/path', no slash at the end. */
  readonly basePath?: string
}

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Slow or endless requests end here. */
const REQUEST_TIMEOUT_MS = 30_000

export function createApp(options: AppOptions): Server {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      console.error(error)
      if (!response.headersSent) refuse(response, 500, 'The server made a mistake; its console says which.')
      else response.destroy()
    })
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, options: AppOptions): Promise<void> {
  // A foreign name that points to 127.0.0.1 (DNS rebinding) must not reach what is served here.
  if (!isLocalHost(request.headers.host)) {
    refuse(response, 421, 'This server answers to localhost and 127.0.0.1 only.')
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    refuse(response, 405, 'Only GET and HEAD are answered here.')
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

function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && LOCAL_HOSTS.has(host.replace(/:\d+$/, '').toLowerCase())
}

function headerText(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...securityHeaders(), 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}
