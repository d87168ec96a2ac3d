/** The page's side of judging models: one worker for each job, ended when the job is done or stopped. */
import { proxy, type Remote, wrap } from 'comlink'
import type { JudgeApi, JudgeStep, ModelJob } from '#workers/judge.worker.ts'
import { policyHolds } from './service-worker.ts'

export type { Evaluated, JudgeStep, Trials } from '#workers/judge.worker.ts'

/** Of one model on labelled flows. */
export type Question<T> = (remote: Remote<JudgeApi>, job: ModelJob, tell: (step: JudgeStep) => void) => Promise<T>

export interface JudgeRun<T> {
  /** Rejects with an AbortError when it was stopped. */
  readonly done: Promise<T>
  stop(): void
}

/** Runs `work` with a fresh worker. */
export function judge<T>(
  work: (remote: Remote<JudgeApi>, tell: (step: JudgeStep) => void) => Promise<T>,
  onStep: (step: JudgeStep) => void,
): JudgeRun<T> {
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  let worker: Worker | undefined
  const run = async (): Promise<T> => {
    await Promise.race([policyHolds(), stopped.promise])
    const own = new Worker(new URL('../../../workers/judge.worker.ts', import.meta.url), { type: 'module' })
    worker = own
    own.onerror = ({ message }) =>
      stopped.reject(
        new Error(`The part of the app that judges models stopped (${message || 'it could not be loaded'}).`),
      )
    try {
      return await Promise.race([work(wrap<JudgeApi>(own), proxy(onStep)), stopped.promise])
    } finally {
      own.terminate()
    }
  }
  return {
    done: run(),
    stop() {
      stopped.reject(new DOMException('It was stopped.', 'AbortError'))
      worker?.terminate()
    },
  }
}
