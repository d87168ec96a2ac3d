/** Judges models on flows off the page: reads the files, opens the models, counts. */
import { expose } from 'comlink'
import { ModelError } from '#core/base/errors.ts'
import type { FlowDataset, FlowJudge } from '#core/detect/dataset.ts'
import { BASELINES, contendJudge } from '#core/evaluate/baselines.ts'
import { type Comparison, compareModels } from '#core/evaluate/compare.ts'
import { judgeDataset } from '#core/evaluate/evaluate.ts'
import { readLabels } from '#core/evaluate/labels.ts'
import { findLeaks, type Leaning, leaningOf } from '#core/evaluate/leak.ts'
import { evaluateDetectors } from '#core/evaluate/matrix.ts'
import { type SplitReport, summarizeEvaluation } from '#core/evaluate/report.ts'
import type { EvalResult } from '#core/evaluate/result.ts'
import type { SplitKind } from '#core/evaluate/splits.ts'
import { keepLedger } from '#db/ledger.ts'
import { collect, type DataJob, type ReadStep } from './collect.ts'
import { openJudge as openFiles } from './open-judge.ts'

/** Files of a model's folder by their names. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>

export interface ModelJob extends DataJob {
  readonly model: ModelFiles
}

export interface CompareJob extends DataJob {
  readonly champion: ModelFiles
  readonly challenger: ModelFiles
}

export type JudgeStep =
  | ReadStep
  /** Judging has no count; trials have. */
  | { readonly what: 'judging' | 'trials'; readonly done: number; readonly total: number }

export interface Evaluated {
  readonly result: EvalResult
  /** Columns that give the labels away: what is found with them proves nothing. */
  readonly leaks: readonly string[]
  /** What was odd in the files. */
  readonly remarks: readonly string[]
}

export interface Trials {
  /** Name of the model among the detectors. */
  readonly ours: string
  readonly reports: readonly SplitReport[]
  /** Sentences: what these flows do not allow to be tried. */
  readonly refusals: readonly string[]
  readonly remarks: readonly string[]
}

type Tell = (step: JudgeStep) => void

/** In the page one round each: the report document has five. Not 'random', which only flatters. */
const TRIAL_KINDS: readonly SplitKind[] = ['in-time', 'capture', 'family', 'device']
const TRIAL_SEED = 1

keepLedger('worker')

const api = {
  /** Rejects with a sentence for a model that could not judge here; what its network needs is loaded by this, and kept. */
  async check(model: ModelFiles): Promise<void> {
    await openJudge(model)
  },

  async evaluate(job: ModelJob, tell: Tell): Promise<Evaluated> {
    const judge = await openJudge(job.model)
    const data = await collect(job, tell)
    tell({ what: 'judging', done: 0, total: 0 })
    const result = await judgeDataset(judge, data)
    return { result, leaks: findLeaks(readLabels(data)).map(({ sentence }) => sentence), remarks: data.remarks }
  },

  /** Which columns the model owes what it finds to. */
  async lean(job: ModelJob, tell: Tell): Promise<Leaning> {
    const { judge, window, manifest } = await openFiles(fileIn(job.model))
    const data = await collect(job, tell)
    const onProgress = (done: number, total: number) => tell({ what: 'trials', done, total })
    return leaningOf({ judge, window, features: manifest?.features ?? [] }, data, { onProgress })
  },

  /** The model beside plain detectors that are trained on a part of the same flows and judged on the rest. */
  async tryBaselines(job: ModelJob, tell: Tell): Promise<Trials> {
    const ours = contendJudge(await openJudge(job.model))
    const data = await collect(job, tell)
    const trials = evaluateDetectors(data, {
      contenders: [ours, ...BASELINES],
      kinds: TRIAL_KINDS,
      seeds: [TRIAL_SEED],
    })
    for (;;) {
      const { done, value } = await trials.next()
      if (done) {
        const { refusals, remarks } = value
        return {
          ours: ours.name,
          reports: summarizeEvaluation(value),
          refusals,
          remarks: [...data.remarks, ...remarks],
        }
      }
      tell({ what: 'trials', done: value.done, total: value.total })
    }
  },

  async compare(job: CompareJob, tell: Tell): Promise<Comparison> {
    const [champion, challenger] = await Promise.all([openJudge(job.champion), openJudge(job.challenger)])
    const data = await collect(job, tell)
    tell({ what: 'judging', done: 0, total: 0 })
    return compareModels(data, {
      champion: await scored(champion, data),
      challenger: await scored(challenger, data),
    })
  },
}

export type JudgeApi = typeof api
expose(api)

async function scored(judge: FlowJudge, data: FlowDataset) {
  return { name: `${judge.name} ${judge.version}`, scores: await judge.score(data), threshold: judge.threshold }
}

async function openJudge(files: ModelFiles): Promise<FlowJudge> {
  return (await openFiles(fileIn(files))).judge
}

function fileIn(files: ModelFiles): (path: string) => Promise<Uint8Array> {
  return async (path) => {
    const bytes = files.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }
}
