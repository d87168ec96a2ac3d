/** What has to happen once when the app opens in a tab. */

import { measureStorage } from '#db/health.ts'
import { purgeModels } from '#db/models.ts'
import { markInterrupted, purgeDeleted } from '#db/scans.ts'
import { keepLedger } from '#lib/remote/ledger.ts'
import { registerServiceWorker } from '#lib/remote/service-worker.ts'
import { onFilesOpened, takeSharedFiles } from '#lib/remote/shared-files.ts'
import { dev } from '$app/environment'
import { resolve } from '$app/paths'
import { jobs } from './jobs.svelte.ts'
import { sayProblem } from './undo.ts'

/** A deletion can be taken back for a day, also after a reload. */
const KEEP_DELETED_MS = 86_400_000

export function startPage(): void {
  keepLedger('page')
  if (!dev) void registerServiceWorker(resolve('/'))
  onFilesOpened((files) => jobs.addFiles(files))
  tidy().catch((error: unknown) => sayProblem('The history could not be opened', error))
}

async function tidy(): Promise<void> {
  await measureStorage()
  await markInterrupted()
  await purgeDeleted(Date.now() - KEEP_DELETED_MS)
  await purgeModels(Date.now() - KEEP_DELETED_MS)
  const shared = await takeSharedFiles()
  if (shared.length > 0) jobs.addFiles(shared)
}
