/** A scan's activity over time in bounded memory: per device and bin, flows, bytes and findings; bins double in width as time grows. */
export interface Timeline {
  /** µs since 1970 of the first bin's left edge; NaN when the source has no times (then bins count rows). */
  readonly startMicros: number
  readonly binMicros: number
  readonly bins: number
  readonly lanes: readonly TimelineLane[]
}

export interface TimelineLane {
  /** Device id; '' gathers devices beyond the limit. */
  readonly device: string
  readonly flows: readonly number[]
  readonly bytes: readonly number[]
  /** Windows over the threshold. */
  readonly findings: readonly number[]
}
