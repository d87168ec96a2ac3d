/** Which engine learns fastest on this machine: each takes steps of Adam on the same rows for a part of a second; and a factory that uses it. */
import { createRandom } from '#core/base/random.ts'
import { type Architecture, planNetwork } from '#core/detect/architecture.ts'
import type { Batch, Trainer, TrainerOptions } from '#core/detect/trainer.ts'
import type { TrainerFactory } from '#core/detect/training.ts'

export type TrainerEngine = 'kernels' | 'tfjs-webgl' | 'tfjs-webgpu'

export interface TrainerCandidate {
  readonly engine: TrainerEngine
  /** Rejects when this machine does not have it; the message says why. */
  open(): Promise<Trainer>
}

export interface TrainerReport {
  readonly engine: TrainerEngine
  /** Median; NaN for one that could not be used. */
  readonly msPerStep: number
  readonly steps: number
  /** Undefined: it may be used. */
  readonly refusal: string | undefined
}

export interface TrainerChoice {
  readonly name: TrainerEngine
  /** A sentence for people. */
  readonly why: string
  readonly engines: readonly TrainerReport[]
}

export interface TrainerCheckOptions {
  readonly architecture: Architecture
  readonly rows?: number
  /** For all candidates together; opening them, and one step each, comes on top. */
  readonly budgetMs?: number
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
}

/** By how much the loss of a step may differ from the first candidate's: the same weights, the same rows. */
export const MOST_LOSS_DIFFERENCE = 1e-3
/** The first loss says that it computes the same, the next that it learns the same. */
const COMPARED_STEPS = 5

/** The first candidate is the one to agree with. Throws what it throws when it cannot be used. */
export async function chooseTrainer(
  candidates: readonly [TrainerCandidate, ...TrainerCandidate[]],
  { architecture, rows = 32, budgetMs = 1000, now = () => performance.now() }: TrainerCheckOptions,
): Promise<TrainerChoice> {
  const batch = makeBatch(architecture, rows)
  const engines: TrainerReport[] = []
  let expected: readonly number[] | undefined
  for (const { engine, open } of candidates) {
    try {
      const trainer = await open()
      try {
        const losses: number[] = []
        while (losses.length < COMPARED_STEPS) losses.push(await trainer.step(batch))
        expected ??= losses
        checkLosses(losses, expected)
        engines.push({ engine, ...(await timeSteps(trainer, batch, { budgetMs: budgetMs / candidates.length, now })) })
      } finally {
        await trainer.dispose()
      }
    } catch (error) {
      if (expected === undefined) throw error
      const refusal = error instanceof Error ? error.message : String(error)
      engines.push({ engine, msPerStep: Number.NaN, steps: 0, refusal })
    }
  }
  const usable = engines.filter(({ refusal }) => refusal === undefined)
  const [best, second] = [...usable].sort((a, b) => a.msPerStep - b.msPerStep)
  const why = second
    ? `A step takes ${best!.msPerStep.toFixed(1)} ms; the next needs ${second.msPerStep.toFixed(1)} ms.`
    : 'It is the only one that can be used here.'
  return { name: best!.engine, why, engines }
}

function checkLosses(losses: readonly number[], expected: readonly number[]): void {
  for (const [step, wanted] of expected.entries()) {
    const loss = losses[step]!
    if (Math.abs(loss - wanted) <= MOST_LOSS_DIFFERENCE * Math.abs(wanted)) continue
    throw new Error(`its ${step === 0 ? 'first loss' : `loss after step ${step}`} is ${loss}, not ${wanted}`)
  }
}

export interface FastestOptions {
  /** What learns where nothing else is worth a try, and the one to agree with. */
  readonly kernels: TrainerFactory
  /** Others that may be faster here; asked for once. */
  readonly others: () => Promise<readonly { readonly engine: TrainerEngine; readonly create: TrainerFactory }[]>
  readonly onChoice: (choice: Pick<TrainerChoice, 'name' | 'why'>) => void
  readonly now?: () => number
}

/** Trainers on the engine that learns fastest here and as the kernels do: measured with the first network, about a second. */
export function fastestTrainers({ kernels, others, onChoice, now }: FastestOptions): TrainerFactory {
  let chosen: Promise<TrainerFactory> | undefined
  const choose = async (options: TrainerOptions): Promise<TrainerFactory> => {
    const rivals = await others()
    if (rivals.length === 0) {
      onChoice({ name: 'kernels', why: 'This machine has nothing faster to try.' })
      return kernels
    }
    const candidate = (engine: TrainerEngine, create: TrainerFactory) => ({ engine, open: () => create(options) })
    const rows = options.batchRows === undefined ? {} : { rows: options.batchRows }
    const choice = await chooseTrainer(
      [candidate('kernels', kernels), ...rivals.map(({ engine, create }) => candidate(engine, create))],
      { architecture: options.architecture, ...rows, ...(now ? { now } : {}) },
    )
    onChoice(choice)
    return rivals.find(({ engine }) => engine === choice.name)?.create ?? kernels
  }
  return async (options) => {
    chosen ??= choose(options)
    return (await chosen)(options)
  }
}

async function timeSteps(
  trainer: Trainer,
  batch: Batch,
  { budgetMs, now }: { budgetMs: number; now: () => number },
): Promise<{ msPerStep: number; steps: number; refusal: undefined }> {
  const times: number[] = []
  const began = now()
  while (times.length === 0 || now() - began < budgetMs) {
    const start = now()
    await trainer.step(batch)
    times.push(now() - start)
  }
  times.sort((a, b) => a - b)
  return { msPerStep: times[times.length >> 1]!, steps: times.length, refusal: undefined }
}

function makeBatch(architecture: Architecture, rows: number): Batch {
  const random = createRandom(rows)
  const { output } = planNetwork(architecture)
  const inputs = Float32Array.from({ length: rows * architecture.steps * architecture.features }, () => random.normal())
  const isCopy = output.steps === architecture.steps && output.width === architecture.features
  const targets = isCopy
    ? inputs
    : Float32Array.from({ length: rows * output.steps * output.width }, () => random.int(2))
  return { rows, inputs, targets }
}
