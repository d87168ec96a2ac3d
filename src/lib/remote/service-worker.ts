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

/** Told by `registerServiceWorker`: whether there is one. */
const registered = Promise.withResolvers<boolean>()

/**
 * Call once, in the outermost layout, outside development. `siteRoot` is the path of the site's root, which is the worker's scope.
 * Resolves to false where service workers are refused (private windows, plain http).
 */
export async function registerServiceWorker(siteRoot: string): Promise<boolean> {
  const registration = await register(siteRoot)
  registered.resolve(registration !== undefined)
  return registration !== undefined
}

async function register(siteRoot: string): Promise<ServiceWorkerRegistration | undefined> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!container) return undefined
  // The first version takes over the page that installed it: nothing to load again.
  let controlled = container.controller !== null
  container.addEventListener('controllerchange', () => {
    if (controlled) location.reload()
    controlled = true
  })
  const root = new URL(siteRoot, document.baseURI)
  try {
    const registration = await container.register(new URL('service-worker.js', root), {
      scope: root.pathname,
      updateViaCache: 'none',
    })
    if (registration.waiting && container.controller) offer(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const { installing } = registration
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed' && container.controller) offer(installing)
      })
    })
    return registration
  } catch (error) {
    console.warn('Offline use is not possible here:', error)
    return undefined
  }
}

function offer(worker: ServiceWorker): void {
  waiting.set({ apply: () => worker.postMessage('skip-waiting') })
}

/**
 * Resolves when a worker started from now on obeys the policy. A worker is held by the headers of its own file, not by the page's
 * <meta>: where the host sends none, the service worker adds them, so the first visit must wait for it.
 */
export function policyHolds(): Promise<void> {
  held ??= waitForPolicy()
  return held
}

let held: Promise<void> | undefined

async function waitForPolicy(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (import.meta.env.DEV || !container || container.controller) return
  if ((await hostSendsPolicy()) || !(await registered.promise) || container.controller) return
  await new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }))
}

async function hostSendsPolicy(): Promise<boolean> {
  const response = await fetch(location.href, { method: 'HEAD' })
  return response.headers.has('content-security-policy')
}
