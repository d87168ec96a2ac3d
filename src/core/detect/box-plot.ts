/**
 * The baseline shown beside the model: Tukey's far-out fence (Q3 + 3·IQR; Exploratory Data Analysis, 1977) on packets, bytes
 * and distinct destination hosts of each device's own active minutes. A minute is judged by the minutes before it; until a
 * device has MIN_PAST of them its minutes wait, and are judged by all of its minutes at the end.
 */

import type { Finding, Reason } from '../alert/evidence.ts'
import { severityOfRatio } from '../alert/severity.ts'
import { createRandom, type Random } from '../base/random.ts'
import { quantile } from '../base/stats.ts'
import type { FlowRows } from '../prep/rows.ts'

/** Name of the reason, and the floor: a quiet device is not alarming at two packets, whatever its own fence. */
export const BOX_PLOT_METRICS = [
  ['packets per minute', 600],
  ['bytes per minute', 1_000_000],
  ['hosts per minute', 20],
] as const

const METRICS = BOX_PLOT_METRICS.length
const MINUTE = 60_000_000
const MIN_PAST = 30
/** Fewer minutes than this have no quartiles worth the name. */
const MIN_MINUTES = 5
/** Minutes kept per device: all of them up to here, then a uniform sample (reservoir, Vitter 1985). */
const SAMPLE = 1024
/** Distinct hosts counted per device-minute; beyond, the count stands still. */
const MAX_HOSTS = 4096
/** A flow's packets and bytes are spread over the minutes that it lasts, at most this many; its host is met in each. */
const MAX_SPREAD = 60

interface Minute {
  readonly device: number
  readonly minute: number
  readonly values: number[]
  readonly hosts: Set<number>
  firstRow: number
  lastRow: number
}

interface Past {
  /** Judged minutes, sampled: one list per metric. */
  readonly sample: readonly number[][]
  seen: number
  /** `seen` when the fences were computed. */
  fencedAt: number
  fences: readonly Fence[]
  /** Minutes that wait for enough past; undefined once there is. */
  waiting: Minute[] | undefined
}

interface Fence {
  readonly limit: number
  readonly median: number
}

export class BoxPlot {
  /** Device-minutes judged, and those outside their fences. */
  minutes = 0
  outside = 0
  readonly #deviceId: (device: number) => string
  readonly #random: Random
  readonly #past: (Past | undefined)[] = []
  /** Minutes that may still grow, by minute and then device; minutes in ascending order are dropped when time has passed. */
  readonly #open = new Map<number, Map<number, Minute>>()
  #current = Number.NEGATIVE_INFINITY

  /** `seed` picks the sample of very long captures. */
  constructor({ deviceId, seed = 1 }: { deviceId: (device: number) => string; seed?: number }) {
    this.#deviceId = deviceId
    this.#random = createRandom(seed)
  }

  /** Takes rows in time order; returns the findings of minutes that are over. Rows without a time are left out. */
  push(rows: FlowRows): Finding[] {
    const findings: Finding[] = []
    for (let i = 0; i < rows.length; i++) {
      const device = rows.device[i]!
      const micros = rows.startMicros[i]!
      if (device < 0 || Number.isNaN(micros)) continue
      const minute = Math.floor(micros / MINUTE)
      if (minute > this.#current) {
        this.#close(minute, findings)
        this.#current = minute
      }
      // A row that comes too late for its minute counts in the present one.
      this.#add(rows, i, Math.max(minute, this.#current))
    }
    return findings
  }

  /** Judges what is left: the end of the input. */
  finish(): Finding[] {
    const findings: Finding[] = []
    this.#close(Number.POSITIVE_INFINITY, findings)
    for (const past of this.#past) {
      if (!past?.waiting || past.seen < MIN_MINUTES) continue
      const fences = computeFences(past)
      for (const minute of past.waiting) this.#judge(minute, fences, findings)
    }
    return findings
  }

  #add(rows: FlowRows, i: number, minute: number): void {
    const device = rows.device[i]!
    const packets = rows.counts[i * 4]! + rows.counts[i * 4 + 1]!
    const bytes = rows.counts[i * 4 + 2]! + rows.counts[i * 4 + 3]!
    const lastMinute = Math.floor(rows.endMicros[i]! / MINUTE)
    const span = lastMinute > minute ? Math.min(MAX_SPREAD, lastMinute - minute + 1) : 1
    for (let k = 0; k < span; k++) {
      const open = this.#openMinute(device, minute + k)
      open.values[0]! += packets / span
      open.values[1]! += bytes / span
      const row = rows.row[i]!
      if (row < open.firstRow) open.firstRow = row
      if (row > open.lastRow) open.lastRow = row
      if (rows.peer[i] !== 0 && open.hosts.size < MAX_HOSTS) open.hosts.add(rows.peer[i]!)
    }
  }

  #openMinute(device: number, minute: number): Minute {
    let devices = this.#open.get(minute)
    if (!devices) {
      devices = new Map()
      this.#open.set(minute, devices)
    }
    let open = devices.get(device)
    if (!open) {
      open = {
        device,
        minute,
        values: [0, 0, 0],
        hosts: new Set(),
        firstRow: Number.POSITIVE_INFINITY,
        lastRow: Number.NEGATIVE_INFINITY,
      }
      devices.set(device, open)
    }
    return open
  }

  #close(before: number, findings: Finding[]): void {
    const over = [...this.#open.keys()].filter((minute) => minute < before).sort((a, b) => a - b)
    for (const minute of over) {
      for (const closed of this.#open.get(minute)!.values()) {
        closed.values[2] = closed.hosts.size
        closed.hosts.clear()
        this.#settle(closed, findings)
      }
      this.#open.delete(minute)
    }
  }

  #settle(minute: Minute, findings: Finding[]): void {
    const past = this.#pastOf(minute.device)
    if (past.waiting) {
      past.waiting.push(minute)
    } else {
      // Sorting the sample for each minute would cost more than reading the flows: a tenth more minutes, then again.
      if (past.seen >= past.fencedAt * 1.1) {
        past.fences = computeFences(past)
        past.fencedAt = past.seen
      }
      this.#judge(minute, past.fences, findings)
    }
    this.#learn(past, minute)
    if (past.waiting && past.seen >= MIN_PAST) {
      const fences = computeFences(past)
      for (const waiting of past.waiting) this.#judge(waiting, fences, findings)
      past.waiting = undefined
    }
  }

  #pastOf(device: number): Past {
    const known = this.#past[device]
    if (known) return known
    const past: Past = { sample: BOX_PLOT_METRICS.map(() => []), seen: 0, fencedAt: 0, fences: [], waiting: [] }
    this.#past[device] = past
    return past
  }

  #learn(past: Past, minute: Minute): void {
    past.seen++
    const slot = past.seen <= SAMPLE ? past.seen - 1 : this.#random.int(past.seen)
    if (slot >= SAMPLE) return
    for (let metric = 0; metric < METRICS; metric++) past.sample[metric]![slot] = minute.values[metric]!
  }

  #judge(minute: Minute, fences: readonly Fence[], findings: Finding[]): void {
    this.minutes++
    const over: { metric: number; ratio: number }[] = []
    let sum = 0
    for (let metric = 0; metric < METRICS; metric++) {
      const ratio = minute.values[metric]! / fences[metric]!.limit
      if (ratio <= 1) continue
      over.push({ metric, ratio })
      sum += ratio
    }
    const [strongest] = over.sort((a, b) => b.ratio - a.ratio)
    if (!strongest) return
    this.outside++
    const reasons: Reason[] = over.map(({ metric, ratio }) => ({
      feature: BOX_PLOT_METRICS[metric]![0],
      value: Math.round(minute.values[metric]!),
      typical: fences[metric]!.median,
      share: ratio / sum,
    }))
    findings.push({
      detector: 'box-plot',
      device: this.#deviceId(minute.device),
      rows: [minute.firstRow, minute.lastRow],
      startMicros: minute.minute * MINUTE,
      endMicros: (minute.minute + 1) * MINUTE,
      score: minute.values[strongest.metric]!,
      threshold: fences[strongest.metric]!.limit,
      severity: severityOfRatio(strongest.ratio),
      reasons,
    })
  }
}

function computeFences(past: Past): Fence[] {
  return past.sample.map((values, metric) => {
    const sorted = Float64Array.from(values).sort()
    const lower = quantile(sorted, 0.25)
    const upper = quantile(sorted, 0.75)
    const limit = Math.max(upper + 3 * (upper - lower), BOX_PLOT_METRICS[metric]![1])
    return { limit, median: quantile(sorted, 0.5) }
  })
}
