/// <reference lib="webworker" />
/**
 * Keeps the whole site for use without network (the large general libraries from their first use on), takes over a new version only when a page says so, adds the security headers where the
 * host sends none, receives files that other apps share, and shows what the relay pushes. It answers for the files of the build alone: what
 * the relay says (/api, /docs, /metrics) goes past it and is kept nowhere.
 */
import { addPlugins, cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching'
import { registerRoute } from 'workbox-routing'
import { pushPath, readPush } from '#core/alert/push.ts'
import { inlineScripts, securityHeaders } from '#core/base/policy.ts'
import { keepLedger } from '#db/ledger.ts'

declare const self: ServiceWorkerGlobalScope

interface SiteFile {
  readonly url: string
  readonly revision: string | null
}

/** tools/site-adapter.ts puts every file of the build here. */
const SITE_FILES: readonly SiteFile[] = JSON.parse('__SITE_FILES__')

/**
 * Also put here: files that are kept when they were asked for once, each with those that come with it. Relative to the site's root; their
 * names change with their content.
 */
const FILES_ON_DEMAND: readonly (readonly string[])[] = JSON.parse('__FILES_ON_DEMAND__')
const ON_DEMAND_CACHE = 'guardian-on-demand'

/** Must equal lib/remote/shared-files.ts. */
const SHARED_CACHE = 'guardian-shared-files'
const MAX_SHARED_FILES = 32

keepLedger('service-worker')

addPlugins([
  {
    cacheWillUpdate: async ({ response }) => (response.ok ? withSecurityHeaders(response) : null),
  },
])
precacheAndRoute([...SITE_FILES], { ignoreURLParametersMatching: [/./], cleanURLs: false })
cleanupOutdatedCaches()

registerRoute(
  ({ url }) => onDemandWith(url.href).length > 0,
  async ({ request, event }) => {
    const others = onDemandWith(request.url).filter((url) => url !== request.url)
    event.waitUntil(Promise.all(others.map(keepLater)))
    return fetchAndKeep(request)
  },
)

// A page asked for without its closing slash: hosts redirect it, and so must this when there is no host.
registerRoute(
  ({ request, url }) => request.mode === 'navigate' && !url.pathname.endsWith('/') && isPage(`${url.pathname}/`),
  async ({ url }) => Response.redirect(`${url.origin}${url.pathname}/${url.search}`, 301),
)

registerRoute(
  ({ url }) => url.pathname === new URL('share/', self.registration.scope).pathname,
  async ({ request }) => {
    await keepShared(await request.formData())
    return Response.redirect(new URL('scan/?shared', self.registration.scope).href, 303)
  },
  'POST',
)

self.addEventListener('message', (event) => {
  if (event.data === 'skip-waiting') void self.skipWaiting()
})

// Browsers end a subscription whose pushes show nothing.
self.addEventListener('push', (event) => {
  const notice = readPush(event.data?.text())
  const { title, text, alert } = notice
  const shown = self.registration.showNotification(title, {
    body: text,
    icon: addressOf('icons/icon-192.png'),
    // The same alert once, however often it is sent.
    tag: alert === undefined ? 'relay' : `alert ${alert}`,
    data: addressOf(pushPath(notice)),
  })
  event.waitUntil(shown)
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(showPage(String(event.notification.data)))
})

// The first version serves the page that installed it at once; later ones come here only after consent.
self.addEventListener('activate', (event) => event.waitUntil(Promise.all([self.clients.claim(), dropOldOnDemand()])))

const addressOf = (path: string) => new URL(path, self.registration.scope).href

/** In a window of this site that is open, or in a new one. */
async function showPage(url: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window' })
  const known =
    windows.find((window) => window.url === url) ?? windows.find(({ url }) => url.startsWith(addressOf('live/')))
  if (!known) await self.clients.openWindow(url)
  else {
    await known.focus()
    if (known.url !== url) await known.navigate(url)
  }
}

/** The file and those that come with it; none for other files. */
function onDemandWith(href: string): string[] {
  return FILES_ON_DEMAND.map((paths) => paths.map(addressOf)).find((urls) => urls.includes(href)) ?? []
}

async function fetchAndKeep(request: Request): Promise<Response> {
  const cache = await caches.open(ON_DEMAND_CACHE)
  const kept = await cache.match(request.url)
  if (kept) return kept
  const response = await fetch(request)
  if (!response.ok) return response
  const safe = await withSecurityHeaders(response)
  // Without room on the disk it still runs; it is only asked for again.
  await cache.put(request.url, safe.clone()).catch((error: unknown) => console.warn('Not kept for offline use:', error))
  return safe
}

async function keepLater(url: string): Promise<void> {
  await fetchAndKeep(new Request(url)).catch((error: unknown) => console.warn('Not kept for offline use:', error))
}

/** Those of versions before this one. */
async function dropOldOnDemand(): Promise<void> {
  const cache = await caches.open(ON_DEMAND_CACHE)
  const known = new Set(FILES_ON_DEMAND.flat().map(addressOf))
  for (const { url } of await cache.keys()) if (!known.has(url)) await cache.delete(url)
}

function isPage(pathname: string): boolean {
  const scope = new URL(self.registration.scope).pathname
  return SITE_FILES.some((file) => `${scope}${file.url}` === `${pathname}index.html`)
}

async function keepShared(form: FormData): Promise<void> {
  const cache = await caches.open(SHARED_CACHE)
  const files = form.getAll('files').filter((value) => value instanceof File)
  for (const [index, file] of files.slice(0, MAX_SHARED_FILES).entries()) {
    const headers = { 'x-file-name': encodeURIComponent(file.name) }
    await cache.put(new URL(`shared/${index}`, self.registration.scope), new Response(file, { headers }))
  }
}

/** The response with the policy, unless the host sent its own. */
async function withSecurityHeaders(response: Response): Promise<Response> {
  if (response.headers.has('content-security-policy')) return response
  const isHtml = response.headers.get('content-type')?.startsWith('text/html') ?? false
  const body = isHtml ? await response.text() : response.body
  const hashes = typeof body === 'string' ? await Promise.all(inlineScripts(body).map(hashOf)) : []
  const headers = new Headers(response.headers)
  // The body here is already decoded.
  headers.delete('content-encoding')
  headers.delete('content-length')
  for (const [name, value] of Object.entries(securityHeaders(hashes))) headers.set(name, value)
  return new Response(body, { status: response.status, statusText: response.statusText, headers })
}

async function hashOf(script: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`
}
