/**
 * The port behind which small networks are trained; engine/kernels and engine/tfjs implement it. A step of the two gives the
 * same gradients to rounding, and either takes up the other's state.
 */
import { InputError, ModelError } from '../base/errors.ts'
import type { Architecture, NetworkPlan } from './architecture.ts'

export interface TrainerOptions {
  readonly architecture: Architecture
  /** Of the first weights; the same seed gives the same weights everywhere. */
  readonly seed: number
  readonly learningRate: number
  /** Gradients with a longer norm (over all weights together) are shortened to it. Undefined: never. */
  readonly maxGradientNorm: number | undefined
  /** Rows of the batches to come, for an engine that may share large ones between cores. */
  readonly batchRows?: number
}

export interface Batch {
  readonly rows: number
  /** rows × steps × features, row-major. */
  readonly inputs: Float32Array
  /** rows × outputs; for an autoencoder the inputs again. */
  readonly targets: Float32Array
  /** What each row counts, by default 1; a weight of 2 is like the row twice, but for the mean, which is over rows. */
  readonly rowWeights?: Float32Array
}

export interface Gradients {
  /** Mean over the batch, before the step. */
  readonly loss: number
  /** Loss by each weight, in the order of the weights; not clipped. */
  readonly values: Float32Array
}

export interface InputGradients {
  /** rows × outputs; of a network that answers yes or no what goes into its last sigmoid. */
  readonly outputs: Float32Array
  /** rows × steps × features: the sum of a row's `outputs` by each of its inputs. */
  readonly values: Float32Array
}

/** All that training needs in order to go on as if it had not been interrupted. */
export interface TrainerState {
  readonly weights: Float32Array
  /** Adam's running means of the gradient and of its square. */
  readonly means: Float32Array
  readonly squares: Float32Array
  readonly steps: number
}

export interface Trainer {
  readonly parameters: number
  /** Numbers that come out for one row. */
  readonly outputs: number
  /** One step of Adam; resolves to the loss before it. Throws InputError or TrainingError, and then no weight has changed. */
  step(batch: Batch): Promise<number>
  /** The loss alone, as for validation. */
  loss(batch: Batch): Promise<number>
  /** With `apply`, a step in two halves: gradients of several workers may be averaged between them. */
  gradients(batch: Batch): Promise<Gradients>
  apply(gradients: Float32Array): Promise<void>
  /** rows × outputs from rows × steps × features. */
  predict(inputs: Float32Array, rows: number): Promise<Float32Array>
  /** What the answer hangs on, for explaining it; changes nothing. */
  inputGradients(inputs: Float32Array, rows: number): Promise<InputGradients>
  exportWeights(): Promise<Float32Array>
  /** Leaves the optimiser as it is. Throws ModelError when the number of weights is another, or one is not finite. */
  importWeights(weights: Float32Array): Promise<void>
  saveState(): Promise<TrainerState>
  restoreState(state: TrainerState): Promise<void>
  dispose(): Promise<void>
}

/** Training that cannot go on: the sentence says why. */
export class TrainingError extends Error {
  override name = 'TrainingError' as const
}

/** Adam as its paper has it (Kingma & Ba 2015), ε as in Keras. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const

/** Adam's β1^t and β2^t, by multiplication alone: `**` may differ in the last place between browsers. */
export function adamDecay(steps: number): { readonly mean: number; readonly square: number } {
  let mean = 1
  let square = 1
  for (let i = 0; i < steps; i++) {
    mean *= ADAM.beta1
    square *= ADAM.beta2
  }
  return { mean, square }
}

/** What gradients of this norm are multiplied by. Throws TrainingError when the norm is no number any more. */
export function clipScale(norm: number, { maxGradientNorm }: TrainerOptions, steps: number): number {
  if (!Number.isFinite(norm)) {
    throw new TrainingError(
      `the gradient is not finite after ${steps} steps; the weights were kept as they were: train with a lower learning rate`,
    )
  }
  return maxGradientNorm !== undefined && norm > maxGradientNorm ? maxGradientNorm / norm : 1
}

/** Refuses a batch of the wrong size (our mistake) or with numbers that are not finite (the data's). */
export function checkBatch(batch: Batch, { steps, features }: Architecture, plan: NetworkPlan): void {
  checkInputs(batch.inputs, batch.rows, { steps, features })
  const outputs = plan.output.steps * plan.output.width
  checkLength('targets', batch.targets, batch.rows * outputs)
  const at = findNotFinite(batch.targets)
  if (at >= 0) {
    throw new InputError(
      `row ${Math.floor(at / outputs) + 1} of the batch has the target ${batch.targets[at]}, which is no number to learn`,
    )
  }
  if (!batch.rowWeights) return
  checkLength('row weights', batch.rowWeights, batch.rows)
  const odd = batch.rowWeights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (odd >= 0)
    throw new InputError(`row ${odd + 1} of the batch has the weight ${batch.rowWeights[odd]}; weights are 0 or more`)
}

export function checkInputs(
  inputs: Float32Array,
  rows: number,
  { steps, features }: { steps: number; features: number },
): void {
  if (!Number.isInteger(rows) || rows < 1) throw new Error(`a batch needs rows, got ${rows}`)
  checkLength('inputs', inputs, rows * steps * features)
  const at = findNotFinite(inputs)
  if (at < 0) return
  const row = Math.floor(at / (steps * features)) + 1
  const step = (Math.floor(at / features) % steps) + 1
  throw new InputError(
    `row ${row} of the batch, step ${step}, feature ${(at % features) + 1} is ${inputs[at]}; only finite numbers can be learnt or judged`,
  )
}

export function checkWeights(weights: Float32Array, parameters: number): void {
  if (weights.length !== parameters) {
    throw new ModelError(`the network has ${parameters} weights, the file ${weights.length}`)
  }
  const at = findNotFinite(weights)
  if (at >= 0)
    throw new ModelError(`weight ${at + 1} of ${parameters} is ${weights[at]}; a model of finite numbers was expected`)
}

export function checkState(state: TrainerState, parameters: number): void {
  checkWeights(state.weights, parameters)
  checkWeights(state.means, parameters)
  checkWeights(state.squares, parameters)
  if (!Number.isInteger(state.steps) || state.steps < 0) throw new ModelError(`${state.steps} is no number of steps`)
}

export function checkLength(what: string, values: Float32Array, length: number): void {
  if (values.length !== length) throw new Error(`expected ${length} ${what}, got ${values.length}`)
}

/** −1 when all are finite. x − x is NaN for NaN and for both infinities. */
function findNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value - value !== 0) return i
  }
  return -1
}
