/** The page's side of learning models: one worker for each, ended when it is done. */
import { proxy, wrap } from 'comlink'
import type { LearnJob, LearnStep, TrainApi } from '#workers/train.worker.ts'
import { policyHolds } from './service-worker.ts'

export type { LearnJob, LearnStep } from '#workers/train.worker.ts'

export interface LearnRun {
  /** Resolves to the model's id in the registry. Rejects with an AbortError when it was stopped and nothing was kept. */
  readonly done: Promise<string>
  /** A search ends and its best settings are learnt; a network that has a round behind it is kept as it is then. */
  stop(): void
}

/** What has no rounds ends at once; a network gets this long to write down its best. */
const PATIENCE_MS = 20_000

export function learnModel(job: LearnJob, onStep: (step: LearnStep) => void): LearnRun {
  const given = Promise.withResolvers<never>()
  given.promise.catch(() => undefined)
  const giveUp = () => given.reject(new DOMException('It was stopped.', 'AbortError'))
  let stop = giveUp
  let rounds = 0
  let searching = false
  const run = async (): Promise<string> => {
    await Promise.race([policyHolds(), given.promise])
    const worker = new Worker(new URL('../../../workers/train.worker.ts', import.meta.url), { type: 'module' })
    worker.onerror = ({ message }) =>
      given.reject(new Error(`The part of the app that learns stopped (${message || 'it could not be loaded'}).`))
    const remote = wrap<TrainApi>(worker)
    stop = () => {
      if (searching) {
        searching = false
        remote.stop().catch(giveUp)
        return
      }
      if (rounds === 0) return giveUp()
      remote.stop().catch(giveUp)
      setTimeout(giveUp, PATIENCE_MS)
    }
    const hear = (step: LearnStep) => {
      if (step.what === 'learning') rounds = step.losses?.length ?? 0
      searching = step.what === 'searching'
      onStep(step)
    }
    try {
      return await Promise.race([remote.learn(job, proxy(hear)), given.promise])
    } finally {
      worker.terminate()
    }
  }
  return { done: run(), stop: () => stop() }
}
