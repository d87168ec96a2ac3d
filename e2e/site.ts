/** The built site on a free port, at the root or under a path. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSiteServer } from '../relay/site.ts'
import { openSite, type StaticSite } from '../relay/static.ts'

export const BUILD = fileURLToPath(new URL('../build', import.meta.url))

export interface Site {
  /** Ends with a slash. */
  readonly url: string
  close(): Promise<void>
}

let opened: Promise<StaticSite> | undefined

/** As `npm start` serves it. */
export async function serveSite(options: { basePath?: string; port?: number } = {}): Promise<Site> {
  opened ??= openSite(BUILD)
  const basePath = options.basePath ?? ''
  return listen(createSiteServer({ site: await opened, basePath }), `${basePath}/`, options.port)
}

export interface PlainOptions {
  readonly basePath: string
  /** What stands at the end of the service worker: another text makes another version of the site. */
  readonly version?: () => string
}

/** As a static host serves it that knows files and types but no security headers. */
export async function servePlain(options: PlainOptions): Promise<Site> {
  opened ??= openSite(BUILD)
  const site = await opened
  const { basePath } = options
  const server = createServer(async (request, response) => {
    const pathname = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const inside = pathname.startsWith(`${basePath}/`)
    const answer = await site.answer({
      pathname: inside ? pathname.slice(basePath.length) : '/outside',
      accept: 'text/html',
      encodings: '',
      ifNoneMatch: undefined,
    })
    const { 'content-type': type = 'text/plain', location } = answer.headers
    response.writeHead(answer.status, { 'content-type': type, ...(location ? { location: basePath + location } : {}) })
    response.write(answer.body ?? '')
    if (pathname.endsWith('/service-worker.js')) response.write(`\n// ${options.version?.() ?? ''}`)
    response.end()
  })
  return listen(server, `${basePath}/`)
}

async function listen(server: Server, path: string, port = 0): Promise<Site> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: chosen } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${chosen}${path}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
