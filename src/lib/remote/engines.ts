/** The page's side of trying engines: a worker for one question, ended with its answer. */
import type { Remote } from 'comlink'
import type { EngineApi } from '#workers/engine.worker.ts'
import { askWorker } from './ask.ts'

export type ScoringCheck = Awaited<ReturnType<EngineApi['checkEngines']>>
export type LearningCheck = Awaited<ReturnType<EngineApi['checkTrainers']>>

/**
 * Which engine scores the shipped model here, and how fast each is. Loads up to 41 MB once, so only when a person asks. `base`: absolute
 * address of the app's root, ending in `/`.
 */
export function checkEngines(base: string): Promise<ScoringCheck> {
  return ask((remote) => remote.checkEngines(base))
}

/** Which engine learns here, and what a step takes with each: about a second, after loading some 3 MB. */
export function checkTrainers(): Promise<LearningCheck> {
  return ask((remote) => remote.checkTrainers())
}

function ask<T>(question: (remote: Remote<EngineApi>) => Promise<T>): Promise<T> {
  const start = () => new Worker(new URL('../../../workers/engine.worker.ts', import.meta.url), { type: 'module' })
  return askWorker<EngineApi, T>({ start, what: 'The check' }, question)
}
