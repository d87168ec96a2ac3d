/** Learns models off the page. Networks keep a checkpoint every two seconds; stopped, they keep their best round. */
import { expose } from 'comlink'
import { InputError } from '#core/base/errors.ts'
import { type LearnRequest, learn } from '#core/detect/catalogue.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import type { EpochLoss } from '#core/detect/training.ts'
import { describeSettings } from '#core/detect/tuning.ts'
import { searchSettings } from '#core/evaluate/search.ts'
import { searchWords } from '#core/evaluate/search-words.ts'
import { writeModelFolder } from '#core/model/folder.ts'
import type { ModelKind } from '#core/model/folder-manifest.ts'
import { collectHome, collectTold } from '#db/home-flows.ts'
import { keepLedger } from '#db/ledger.ts'
import { addModelFolder, latestTitle, nextVersion } from '#db/models.ts'
import { forgetTraining, keepTraining, keepTrainingFiles, readTraining } from '#db/training.ts'
import type { TrainerChoice } from '#engine/choose-trainer.ts'
import { collect, type DataJob, type ReadStep } from './collect.ts'
import { findHeadBase } from './head-base.ts'
import { ownFiles } from './own-files.ts'
import { trainersOfThisMachine } from './trainers.ts'
import { allowOwnWorkers } from './trusted-types.ts'

export interface LearnJob extends DataJob {
  readonly kind: ModelKind
  readonly name: string
  readonly seed: number
  /** Learn from the scans that are kept, not from files; a head always does. */
  readonly home: boolean
  /** Absolute address of the app's root, ending in `/`. */
  readonly base: string
  /** Go on from the checkpoint that was kept, of the same files. */
  readonly resume: boolean
  /** Look so long for better settings first; undefined: learn with the default ones. */
  readonly searchMinutes: number | undefined
}

export type LearnStep =
  | ReadStep
  | { readonly what: 'scans'; readonly done: number; readonly total: number }
  | {
      readonly what: 'searching'
      /** Milliseconds of those that it may take. */
      readonly done: number
      readonly total: number
      /** Settings so far; the first is the default. */
      readonly trial: number
      readonly best: string
      /** Undefined until the default has been looked at. */
      readonly bestScore: number | undefined
    }
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
const TELL_EVERY_MS = 100

allowOwnWorkers()
keepLedger('worker')
const stop = new AbortController()
/** While settings are searched for, a stop ends the search alone. */
let search: AbortController | undefined

const api = {
  /** Resolves to the id in the registry, where the model is kept as the next version of its name. */
  async learn({ kind, name, seed, home, base, resume, searchMinutes, ...job }: LearnJob, tell: Tell): Promise<string> {
    const interrupted = resume ? await readTraining() : null
    if (resume && !interrupted) throw new InputError('The interrupted training is no longer kept here. Start it anew.')
    const collectKept = kind === 'head' ? collectTold : collectHome
    const data =
      home || kind === 'head'
        ? (await collectKept((done, total) => tell({ what: 'scans', done, total }))).data
        : await collect(job, tell)
    const version = await nextVersion(name)
    const below = kind === 'head' ? await findHeadBase(ownFiles(base)) : undefined
    const parent = below?.title ?? (await latestTitle(name))
    let losses: readonly EpochLoss[] | undefined
    let engine: LearningEngine | undefined
    const createTrainer = trainersOfThisMachine((choice) => {
      engine = { name: choice.name, why: choice.why }
    })
    const files = job.files.map(({ name, size }) => ({ name, sizeBytes: size }))
    let keptAt: number | undefined
    const isDue = () => keptAt === undefined || performance.now() - keptAt > KEEP_EVERY_MS
    const found =
      searchMinutes === undefined ? undefined : await findSettings(data, { kind, seed, searchMinutes }, tell)
    const learnt = await learn(data, {
      ...found,
      ...(below && { options: { base: below.folder } }),
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
        // Taken up again it would learn with the default settings
        if (found || !isDue()) return
        if (keptAt === undefined) await keepTrainingFiles(job.files)
        await keepTraining({ kind, name, seed, label: job.label, files, checkpoint })
        keptAt = performance.now()
      },
    })
    const { id } = await addModelFolder(await writeModelFolder(learnt), 'trained')
    await forgetTraining()
    return id
  },

  /** A search ends and its best is learnt. Networks end with their best round so far; what has no rounds ends with nothing. */
  stop(): void {
    ;(search ?? stop).abort()
  },
}

export type TrainApi = typeof api
expose(api)

async function findSettings(
  data: FlowDataset,
  { kind, seed, searchMinutes }: { readonly kind: ModelKind; readonly seed: number; readonly searchMinutes: number },
  tell: Tell,
): Promise<Pick<LearnRequest, 'options' | 'search'>> {
  search = new AbortController()
  const started = performance.now()
  const total = searchMinutes * 60_000
  let toldAt = Number.NEGATIVE_INFINITY
  try {
    const report = await searchSettings(data, {
      kind,
      seed,
      budgetMs: total,
      now: () => performance.now(),
      createTrainer: trainersOfThisMachine(() => undefined),
      signal: search.signal,
      onProgress: async ({ trial, best, bestScore }) => {
        if (performance.now() - toldAt < TELL_EVERY_MS) return
        toldAt = performance.now()
        const done = Math.min(total, toldAt - started)
        tell({ what: 'searching', done, total, trial, best: describeSettings(best), bestScore })
        await letMessagesIn()
      },
    })
    return { options: report.trials[report.winner]?.settings, search: searchWords(report) }
  } finally {
    search = undefined
  }
}

/** Kernels and trees never wait for anything: without a task in between a stop would not be heard. */
function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
