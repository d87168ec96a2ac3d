/** What one detector says about one device over one span: the only thing a detector gives out. */
import type { Severity } from './severity.ts'

export interface Reason {
  /** A name of the detector's input, such as `orig_bytes` or `hosts per minute`. */
  readonly feature: string
  readonly value: number
  /** The usual value for this device (median of its own), or of the training data when the device is new. */
  readonly typical: number
  /** Part of the score in [0, 1]; the shares of one finding sum to 1. */
  readonly share: number
}

export const MODEL_DETECTOR = 'model'
export const BOX_PLOT_DETECTOR = 'box-plot'

export interface Finding {
  /** `model` is the learnt detector; the rest are baselines shown beside it. */
  readonly detector: typeof MODEL_DETECTOR | typeof BOX_PLOT_DETECTOR
  readonly device: string
  /** First and last row that it covers, both counted from 1. */
  readonly rows: readonly [number, number]
  /** µs since 1970; NaN when the source has no time. */
  readonly startMicros: number
  readonly endMicros: number
  readonly score: number
  readonly threshold: number
  readonly severity: Severity
  readonly reasons: readonly Reason[]
}
