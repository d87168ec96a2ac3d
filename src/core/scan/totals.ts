/** What a scan has counted so far, and how it is told: progress while it runs, the summary at its end. */
import type { Finding } from '../alert/evidence.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import { TimelineBuilder } from './timeline.ts'
import type { DeviceFlows, ScanProgress, ScanSummary } from './update.ts'

export class ScanTotals {
  baselineOutside = 0
  readonly #input: FlowInput
  readonly #bytesTotal: number | undefined
  readonly #startedMs = performance.now()
  #timeline: TimelineBuilder | undefined
  #judged = 0
  #anomalies = 0
  #scoreMs = 0
  #scoring = 0
  #scoringSinceMs = 0
  #startMicros = Number.NaN
  #endMicros = Number.NaN

  constructor(input: FlowInput, bytesTotal: number | undefined) {
    this.#input = input
    this.#bytesTotal = bytesTotal
  }

  get inputRemarks(): readonly string[] {
    return this.#input.stats.remarks
  }

  addFlows(flows: DeviceFlows): void {
    this.#timeline ??= new TimelineBuilder(!Number.isNaN(flows.batch.startMicros[0] ?? Number.NaN))
    this.#timeline.addFlows(flows)
    this.#extendSpan(flows.batch)
  }

  /** Windows or flows that the model judged, and how many of them are unusual. */
  addJudged(judged: number, anomalies: number): void {
    this.#judged += judged
    this.#anomalies += anomalies
  }

  addFinding({ device, rows, startMicros }: Finding): void {
    this.#timeline?.addFinding(device, Number.isNaN(startMicros) ? rows[0] : startMicros)
  }

  /** Counts the time in which the scorer has something to do, however many calls it has at once. */
  async timeScoring<Result>(score: () => Promise<Result>): Promise<Result> {
    if (this.#scoring++ === 0) this.#scoringSinceMs = performance.now()
    try {
      return await score()
    } finally {
      if (--this.#scoring === 0) this.#scoreMs += performance.now() - this.#scoringSinceMs
    }
  }

  progress(withTimeline: boolean): ScanProgress {
    const { stats, kind } = this.#input
    return {
      bytesRead: stats.bytesRead,
      bytesTotal: this.#bytesTotal,
      packets: stats.packets,
      rows: stats.rows,
      windows: this.#judged,
      anomalies: this.#anomalies,
      elapsedMs: performance.now() - this.#startedMs,
      kind,
      skipped: stats.skipped.toObject(),
      remarks: [...stats.remarks],
      ...(withTimeline && this.#timeline ? { timeline: this.#timeline.build() } : undefined),
    }
  }

  summary({ baselineMinutes, ...told }: SummaryParts): ScanSummary {
    const { stats, kind } = this.#input
    return {
      ...told,
      kind,
      rows: stats.rows,
      skipped: stats.skipped.toObject(),
      windows: this.#judged,
      anomalies: this.#anomalies,
      percentage: this.#judged > 0 ? (100 * this.#anomalies) / this.#judged : 0,
      startMicros: this.#startMicros,
      endMicros: this.#endMicros,
      baseline: { minutes: baselineMinutes, outside: this.baselineOutside },
      timeline: (this.#timeline ?? new TimelineBuilder(false)).build(),
      elapsedMs: {
        read: stats.readMs,
        features: stats.featuresMs,
        score: this.#scoreMs,
        total: performance.now() - this.#startedMs,
      },
    }
  }

  #extendSpan({ startMicros, endMicros, length }: FlowBatch): void {
    for (let i = 0; i < length; i++) {
      const start = startMicros[i]!
      const end = endMicros[i]!
      if (!(start >= this.#startMicros)) this.#startMicros = Number.isNaN(start) ? this.#startMicros : start
      if (!(end <= this.#endMicros)) this.#endMicros = Number.isNaN(end) ? this.#endMicros : end
    }
  }
}

/** What the totals do not know. */
interface SummaryParts
  extends Pick<
    ScanSummary,
    'file' | 'stopped' | 'model' | 'threshold' | 'thresholdText' | 'remarks' | 'devices' | 'cases'
  > {
  readonly baselineMinutes: number
}
