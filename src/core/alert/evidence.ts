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
export const RULE_DETECTOR = 'rule'

export interface Finding {
  /** `model` is the learnt detector, `box-plot` the baseline shown beside it, `rule` evidence of a known kind (core/rule). */
  readonly detector: typeof MODEL_DETECTOR | typeof BOX_PLOT_DETECTOR | typeof RULE_DETECTOR
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
  /** What a rule tells; the other detectors have only numbers. */
  readonly told?: RuleNote
}

export interface RuleNote {
  readonly rule: string
  /** Two or three words: "Password guessing". */
  readonly title: string
  /** One plain sentence with the names of that moment. */
  readonly text: string
  readonly harmless: string
  /** MITRE ATT&CK ids. */
  readonly techniques: readonly string[]
  /** False for what is worth telling in a case and too weak to start one. */
  readonly opensCase: boolean
}
