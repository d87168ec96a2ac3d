/** The page's side of explaining a finding: a worker for one question. */
import type { ExplainApi, ExplainJob } from '#workers/explain.worker.ts'
import { askWorker } from './ask.ts'

/** Rejects with a sentence when the model or the flows are not kept any more. */
export function explainFinding(job: ExplainJob, signal: AbortSignal) {
  const start = () => new Worker(new URL('../../../workers/explain.worker.ts', import.meta.url), { type: 'module' })
  return askWorker<ExplainApi, Awaited<ReturnType<ExplainApi['explain']>>>(
    { start, what: 'The explanation', signal },
    (remote) => remote.explain(job),
  )
}
