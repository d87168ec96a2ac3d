/** Why a window was scored as it was, feature by feature. */
import { InputError } from '../base/errors.ts'
import type { Scaler } from '../prep/scaler.ts'
import type { Architecture } from './architecture.ts'
import type { Explanation } from './detector.ts'
import { integrateGradients } from './integrated-gradients.ts'
import type { Platt } from './platt.ts'
import type { Trainer } from './trainer.ts'

export interface SequenceModel {
  readonly kind: 'lstm-autoencoder' | 'cnn-lstm'
  readonly architecture: Architecture
  readonly weights: Float32Array
  /** Of the logarithms. */
  readonly scaler: Scaler
  readonly features: readonly string[]
  /** Medians of the training rows, in the features' own units. */
  readonly typical: Float32Array
  readonly platt: Platt
}

interface Window {
  readonly model: SequenceModel
  /** Scaled, steps × features; undefined for a flow that no window belongs to. */
  readonly input: Float32Array | undefined
  /** The same flows in the features' own units. */
  readonly flows: Float32Array | undefined
  readonly row: number
}

/** The score is a mean of squared errors: each feature's part of it is its share. */
export async function explainRebuilding(
  window: Window & { rebuild: (input: Float32Array) => Promise<Float32Array> },
): Promise<Explanation> {
  const { model, input, flows } = checkWindow(window)
  const rebuilt = await window.rebuild(input)
  const width = model.features.length
  const shares = new Float64Array(width)
  for (let i = 0; i < input.length; i++) shares[i % width]! += (rebuilt[i]! - input[i]!) ** 2 / input.length
  const score = shares.reduce((sum, share) => sum + share, 0)
  return { scale: 'mean squared error', score, base: 0, contributions: contributions(model, flows, shares) }
}

/**
 * By integrated gradients of what goes into the sigmoid, from the usual window, all features at their mean, to this one. The judge's score is in single precision and ends at ± 16,
 * so a little is left over between the shares' sum and the whole; it is spread in proportion, and said in `leftOver`.
 */
export async function explainClassifier(
  window: Window & {
    network: Pick<Trainer, 'inputGradients'>
    score: (inputs: Float32Array, rows: number) => Promise<Float64Array>
  },
): Promise<Explanation> {
  const { model, input, flows } = checkWindow(window)
  const both = new Float32Array(2 * input.length)
  both.set(input, input.length)
  const [base, score] = await window.score(both, 2)
  const path = await integrateGradients(window.network, input, model.features.length)
  const shares = path.shares.map((share) => share * model.platt.slope)
  const rest = score! - base! - shares.reduce((sum, share) => sum + share, 0)
  const size = shares.reduce((sum, share) => sum + Math.abs(share), 0)
  return {
    scale: 'log-odds of attack',
    score: score!,
    base: base!,
    leftOver: rest,
    contributions: contributions(
      model,
      flows,
      shares.map((share) => share + (size > 0 ? (rest * Math.abs(share)) / size : rest / shares.length)),
    ),
  }
}

function checkWindow({ model, input, flows, row }: Window): {
  model: SequenceModel
  input: Float32Array
  flows: Float32Array
} {
  if (input && flows) return { model, input, flows }
  const { steps } = model.architecture
  throw new InputError(
    `row ${row + 1} is not judged: this model needs ${steps} flows of the same device before it, and judges each with the ${steps - 1} before`,
  )
}

/** A feature's value is its mean over the window. */
function contributions(model: SequenceModel, flows: Float32Array, shares: Float64Array): Explanation['contributions'] {
  const { features, typical } = model
  const width = features.length
  return features.map((feature, f) => {
    let sum = 0
    let count = 0
    for (let i = f; i < flows.length; i += width) {
      if (Number.isNaN(flows[i]!)) continue
      sum += flows[i]!
      count++
    }
    return { feature, value: count > 0 ? sum / count : Number.NaN, typical: typical[f]!, share: shares[f]! }
  })
}
