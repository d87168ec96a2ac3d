/** Folders outside static/ whose files are part of the site: served by `vite dev` and copied into the build under the same path. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, normalize, sep } from 'node:path'
import type { Plugin } from 'vite'

export const SITE_FOLDERS = ['models'] as const

/** Serves the folders in development. */
export function siteFolders(): Plugin {
  return {
    name: 'site-folders',
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const path = fileOf(request.url ?? '')
        const info = path === undefined ? undefined : await stat(path).catch(() => undefined)
        if (path === undefined || !info?.isFile()) return next()
        response.setHeader('content-type', path.endsWith('.json') ? 'application/json' : 'application/octet-stream')
        response.setHeader('content-length', info.size)
        createReadStream(path).pipe(response)
      })
    },
  }
}

/** The file that a URL means, when it lies in one of the folders; imports of modules (with a query) are left to Vite. */
function fileOf(url: string): string | undefined {
  if (url.includes('?')) return undefined
  const path = normalize(decodeURIComponent(url)).replace(/^[/\\]+/, '')
  return SITE_FOLDERS.some((folder) => path.startsWith(`${folder}${sep}`)) ? join(process.cwd(), path) : undefined
}
