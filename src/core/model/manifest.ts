/** What is stored beside a model's weights: everything needed to use it, and to refuse it. */
export interface ModelManifest {
  readonly format: 'iot-guardian-model/1'
  readonly name: string
  readonly version: string
  readonly kind: 'lstm-autoencoder'
  readonly parameters: number
  readonly window: number
  /** In input order. A category column becomes one 0/1 input for each of its frozen categories; others become all 0. */
  readonly inputs: readonly ModelInput[]
  /** Frozen at training: one mean and deviation per model input after transform (categories: 0 and 1). */
  readonly scaler: { readonly mean: readonly number[]; readonly deviation: readonly number[] }
  /** Scores of benign windows kept out of training. */
  readonly calibration: Calibration
  /** Median of each number input over benign training rows, in its own unit: the fallback for "typical". */
  readonly typical: readonly number[]
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly sizeBytes: number }[]
  readonly created: string
}

export type ModelInput =
  | { readonly column: string; readonly kind: 'number'; readonly transform: 'none' | 'log1p' }
  | { readonly column: string; readonly kind: 'category'; readonly categories: readonly string[] }

export interface Calibration {
  readonly windows: number
  readonly mean: number
  readonly deviation: number
  /** Ascending scores at the probabilities i / (length - 1). */
  readonly quantiles: readonly number[]
  /** Generalised Pareto tail over `level` (peaks over threshold): share of windows above, shape xi, scale beta. */
  readonly tail: { readonly level: number; readonly share: number; readonly shape: number; readonly scale: number }
}
