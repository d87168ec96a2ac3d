/** A training that was interrupted: its last checkpoint, so that a reload loses some seconds of learning. */
import type { TrainingRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

const KEY = 'running'
/** Larger files are not kept with the checkpoint: a person gives them again. */
const MOST_KEPT_BYTES = 64 << 20

export type InterruptedTraining = Omit<TrainingRecord, 'key'>

export async function keepTraining(
  { files, ...training }: Omit<InterruptedTraining, 'files' | 'contents' | 'savedAt'> & { files: readonly File[] },
  now = Date.now(),
): Promise<void> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const record: TrainingRecord = {
    ...training,
    key: KEY,
    files: files.map(({ name, size }) => ({ name, sizeBytes: size })),
    contents: bytes <= MOST_KEPT_BYTES ? [...files] : undefined,
    savedAt: now,
  }
  await store().write(['training'], 'relaxed', async ({ training: table }) => table.bulkPut([record]))
}

/** When a training ended, or a person does not want it to go on. */
export async function forgetTraining(): Promise<void> {
  await store().remove('training', [KEY])
}

/** `null` when none was interrupted. */
export function watchTraining(): Watch<InterruptedTraining | null> {
  return store().watchQuery(readTraining)
}

export async function readTraining(): Promise<InterruptedTraining | null> {
  const [record] = await store().getMany('training', [KEY])
  return record ?? null
}
