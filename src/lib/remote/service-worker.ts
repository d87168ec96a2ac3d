/** Registers the service worker and says when a new version waits; it takes over only when the person agrees. */
import { Signal, type Watch } from '#db/watch.ts'

export interface WaitingUpdate {
  /** Lets the new version take over and loads this page again; other tabs load again too. */
  apply(): void
}

const waiting = new Signal<WaitingUpdate | null>(null)

/** `null` while this is the newest version. */
export function watchUpdate(): Watch<WaitingUpdate | null> {
  return waiting
}

/**
 * Call once, in the outermost layout, outside development. `siteRoot` is the path of the site's root, which is the worker's scope.
 * Resolves to false where service workers are refused (private windows, plain http).
 */
export async function registerServiceWorker(siteRoot: string): Promise<boolean> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!container) return false
  const root = new URL(siteRoot, document.baseURI)
  const registration = await container
    .register(new URL('service-worker.js', root), { scope: root.pathname, updateViaCache: 'none' })
    .catch((error: unknown) => {
      console.warn('Offline use is not possible here:', error)
      return undefined
    })
  if (!registration) return false
  if (registration.waiting && container.controller) offer(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const { installing } = registration
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed' && container.controller) offer(installing)
    })
  })
  // The first version takes over the page that installed it: nothing to load again.
  let controlled = container.controller !== null
  container.addEventListener('controllerchange', () => {
    if (controlled) location.reload()
    controlled = true
  })
  return true
}

function offer(worker: ServiceWorker): void {
  waiting.set({ apply: () => worker.postMessage('skip-waiting') })
}
