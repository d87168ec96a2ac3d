/** Files that came from outside the page: from another app's share sheet, or opened with this app. */

/** Must equal src/service-worker.ts. */
const SHARED_CACHE = 'guardian-shared-files'

/** Files that the service worker received for this page (`scan/?shared`); each is handed out once. */
export async function takeSharedFiles(): Promise<File[]> {
  if (!('caches' in globalThis)) return []
  const cache = await caches.open(SHARED_CACHE)
  const files: File[] = []
  for (const request of await cache.keys()) {
    const response = await cache.match(request)
    await cache.delete(request)
    if (!response) continue
    const name = decodeURIComponent(response.headers.get('x-file-name') ?? 'shared file')
    files.push(new File([await response.blob()], name))
  }
  return files
}

interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files: readonly FileSystemFileHandle[] }) => void): void
}

/** Calls `open` with files that the operating system opened with this app. Call once, in the outermost layout. */
export function onFilesOpened(open: (files: File[]) => void): void {
  const queue = (globalThis as { launchQueue?: LaunchQueue }).launchQueue
  queue?.setConsumer(async ({ files }) => {
    if (files.length > 0) open(await Promise.all(files.map((handle) => handle.getFile())))
  })
}
