/** How the line between usual and unusual is drawn; always from the model's frozen calibration, never from the file being judged. */
export type ThresholdChoice =
  | { readonly kind: 'mean-sd'; readonly deviations: 1 | 2 | 3 }
  /** 0 < percentile < 100 of the calibration scores. */
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'value'; readonly value: number }
  /** At most this many false alarms a week, for this network's rate of windows. */
  | { readonly kind: 'budget'; readonly perWeek: number }

export const DEFAULT_THRESHOLD: ThresholdChoice = { kind: 'budget', perWeek: 1 }
