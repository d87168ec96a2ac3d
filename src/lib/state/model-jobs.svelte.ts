/** Judging models from a page: one job at a time, with its progress, its result or the sentence why there is none. */
import type { JudgeStep } from '#lib/remote/judge.ts'

/** A job that runs in a worker. */
interface Run<T> {
  readonly done: Promise<T>
  stop(): void
}

export class ModelJob<T, Step = JudgeStep> {
  running = $state(false)
  step: Step | undefined = $state.raw()
  result: T | undefined = $state.raw()
  problem: string | undefined = $state()
  #run: Run<T> | undefined

  /** `start` begins the job and hears of its steps. A stopped job leaves what was there before. */
  async start(start: (onStep: (step: Step) => void) => Promise<Run<T>>): Promise<T | undefined> {
    if (this.running) return undefined
    this.running = true
    this.step = undefined
    this.problem = undefined
    try {
      this.#run = await start((step) => (this.step = step))
      this.result = await this.#run.done
      return this.result
    } catch (error) {
      const isStop = error instanceof DOMException && error.name === 'AbortError'
      if (!isStop) this.problem = error instanceof Error ? error.message : String(error)
      return undefined
    } finally {
      this.running = false
      this.#run = undefined
    }
  }

  stop(): void {
    this.#run?.stop()
  }

  forget(): void {
    this.result = undefined
    this.problem = undefined
  }
}
