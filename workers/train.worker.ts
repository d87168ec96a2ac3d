/** Learns models off the page. Networks keep a checkpoint every two seconds; stopped, they keep their best round. */
import { expose } from 'comlink'
import { InputError } from '#core/base/errors.ts'
import { learn } from '#core/detect/catalogue.ts'
import type { EpochLoss } from '#core/detect/training.ts'
import { writeModelFolder } from '#core/model/folder.ts'
import type { ModelKind } from '#core/model/folder-manifest.ts'
import { collectHome } from '#db/home-flows.ts'
import { keepLedger } from '#db/ledger.ts'
import { addModelFolder, latestTitle, nextVersion } from '#db/models.ts'
import { forgetTraining, keepTraining, keepTrainingFiles, readTraining } from '#db/training.ts'
import type { TrainerChoice } from '#engine/choose-trainer.ts'
import { collect, type DataJob, type ReadStep } from './collect.ts'
import { trainersOfThisMachine } from './trainers.ts'
import { allowOwnWorkers } from './trusted-types.ts'

export interface LearnJob extends DataJob {
  readonly kind: ModelKind
  readonly name: string
  readonly seed: number
  /** Learn from the scans that are kept, not from files. */
  readonly home: boolean
  /** Go on from the checkpoint that was kept, of the same files. */
  readonly resume: boolean
}

export type LearnStep =
  | ReadStep
  | { readonly what: 'scans'; readonly done: number; readonly total: number }
  | {
      readonly what: 'learning'
      readonly done: number
      readonly total: number
      /** Rounds so far of a network; undefined for models that have none. */
      readonly losses: readonly EpochLoss[] | undefined
      /** What a network learns on, and why; known with its first step. */
      readonly engine: LearningEngine | undefined
    }

export type LearningEngine = Pick<TrainerChoice, 'name' | 'why'>

type Tell = (step: LearnStep) => void

/** So much learning is lost at the most. */
const KEEP_EVERY_MS = 2000

allowOwnWorkers()
keepLedger('worker')
const stop = new AbortController()

const api = {
  /** Resolves to the id in the registry, where the model is kept as the next version of its name. */
  async learn({ kind, name, seed, home, resume, ...job }: LearnJob, tell: Tell): Promise<string> {
    const interrupted = resume ? await readTraining() : null
    if (resume && !interrupted) throw new InputError('The interrupted training is no longer kept here. Start it anew.')
    const data = home
      ? (await collectHome((done, total) => tell({ what: 'scans', done, total }))).data
      : await collect(job, tell)
    const version = await nextVersion(name)
    const parent = await latestTitle(name)
    let losses: readonly EpochLoss[] | undefined
    let engine: LearningEngine | undefined
    const createTrainer = trainersOfThisMachine((choice) => {
      engine = { name: choice.name, why: choice.why }
    })
    const files = job.files.map(({ name, size }) => ({ name, sizeBytes: size }))
    let keptAt: number | undefined
    const isDue = () => keptAt === undefined || performance.now() - keptAt > KEEP_EVERY_MS
    const learnt = await learn(data, {
      kind,
      seed,
      name,
      version,
      parent,
      createTrainer,
      signal: stop.signal,
      resumeFrom: interrupted?.checkpoint,
      onEpochs: (progress) => {
        losses = progress.losses
      },
      onProgress: async (done, total) => {
        tell({ what: 'learning', done, total, losses, engine })
        await letMessagesIn()
      },
      isCheckpointDue: isDue,
      onCheckpoint: async (checkpoint) => {
        if (!isDue()) return
        if (keptAt === undefined) await keepTrainingFiles(job.files)
        await keepTraining({ kind, name, seed, label: job.label, files, checkpoint })
        keptAt = performance.now()
      },
    })
    const { id } = await addModelFolder(await writeModelFolder(learnt), 'trained')
    await forgetTraining()
    return id
  },

  /** Networks end with their best round so far; what has no rounds ends with nothing. */
  stop(): void {
    stop.abort()
  },
}

export type TrainApi = typeof api
expose(api)

/** Kernels and trees never wait for anything: without a task in between a stop would not be heard. */
function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
