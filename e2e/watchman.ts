/** A proxy that lets nothing through and writes down who was asked for: whatever a browser wants outside this machine ends here. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What Chromium asks for by itself at start, whatever page is open: its updater and its account service (seen with 156 and about:blank), and
 * where a page has fields, what it knows about such forms.
 */
const BROWSERS_OWN =
  /^(https?:\/\/)?(update\.googleapis\.com|accounts\.google\.com|content-autofill\.googleapis\.com)[:/]/

export interface Watchman {
  readonly proxyUrl: string
  /** Hosts asked for, in order, but for the browser's own. */
  readonly asked: string[]
  close(): Promise<void>
}

export async function startWatchman(): Promise<Watchman> {
  const asked: string[] = []
  const note = (target = '?') => {
    if (!BROWSERS_OWN.test(target)) asked.push(target)
  }
  const server = createServer((request, response) => {
    note(request.url)
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    note(request.url)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    proxyUrl: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
