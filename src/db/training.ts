/** A training that was interrupted: its last checkpoint, so that a reload loses some seconds of learning, and its files while they are small. */
import type { TrainingRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

const KEY = 'running'
/** Larger files are not kept: a person gives them again, and they are known by name and size. */
const MOST_KEPT_BYTES = 64 << 20

export type KeptTraining = Omit<TrainingRecord, 'key' | 'savedAt'>

export interface InterruptedTraining extends Omit<TrainingRecord, 'key'> {
  /** Undefined: they were too large to be kept. */
  readonly contents: readonly Blob[] | undefined
}

/** Call once, before the first checkpoint. */
export async function keepTrainingFiles(files: readonly File[]): Promise<void> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes > MOST_KEPT_BYTES) return store().remove('trainingFiles', [KEY])
  const record = { key: KEY, contents: [...files] }
  await store().write(['trainingFiles'], 'relaxed', ({ trainingFiles }) => trainingFiles.bulkPut([record]))
}

export async function keepTraining(training: KeptTraining, now = Date.now()): Promise<void> {
  const record: TrainingRecord = { ...training, key: KEY, savedAt: now }
  await store().write(['training'], 'relaxed', ({ training: table }) => table.bulkPut([record]))
}

/** When a training ended, or a person does not want it to go on. */
export async function forgetTraining(): Promise<void> {
  await store().remove('training', [KEY])
  await store().remove('trainingFiles', [KEY])
}

/** `null` when none was interrupted. */
export function watchTraining(): Watch<InterruptedTraining | null> {
  return store().watchQuery(readTraining)
}

export async function readTraining(): Promise<InterruptedTraining | null> {
  const [record] = await store().getMany('training', [KEY])
  if (!record) return null
  const [files] = await store().getMany('trainingFiles', [KEY])
  return { ...record, contents: files?.contents }
}
