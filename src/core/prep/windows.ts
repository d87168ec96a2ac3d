/** Rows in time order → windows of the last flows of each device. Windows never span two devices. */
import type { FlowRows } from './rows.ts'

/** Windows handed out at once. */
export const WINDOW_BATCH = 1024

/** The number of flows needed before a device is judged: one more than a window (its first flow is only the scene). */
export function rowsNeeded(steps: number): number {
  return steps + 1
}

export interface WindowBatch {
  readonly length: number
  /** length × steps × width, scaled, oldest flow first. */
  readonly windows: Float32Array
  readonly device: Int32Array
  /** Smallest and largest row number among the window's flows (a capture numbers flows by their end). */
  readonly firstRow: Float64Array
  readonly lastRow: Float64Array
  /** Earliest start and latest end among the window's flows; NaN without times. */
  readonly startMicros: Float64Array
  readonly endMicros: Float64Array
  /** length × 4: mean over the window's flows of each count, as read. */
  readonly meanCounts: Float64Array
}

/**
 * Keeps the last `steps` rows of each device. A device with n rows gives max(0, n − steps) windows; window k covers its rows
 * k+1 … k+steps counted from 0, so the newest row is always judged. Memory: about 1 kB for each device index in use.
 */
export class DeviceWindows {
  windowCount = 0
  readonly #steps: number
  readonly #width: number
  readonly #batchRows: number
  /** Each row is written twice, `steps` apart, so that a window is always one stretch. */
  #scaled = new Float32Array(0)
  #counts = new Float64Array(0)
  #rows = new Float64Array(0)
  #starts = new Float64Array(0)
  #ends = new Float64Array(0)
  #seen = new Float64Array(0)
  #batch: WindowBatch
  #filled = 0

  constructor({ steps = 10, width, batchRows = WINDOW_BATCH }: { steps?: number; width: number; batchRows?: number }) {
    this.#steps = steps
    this.#width = width
    this.#batchRows = batchRows
    this.#batch = allocateBatch(batchRows, steps, width)
  }

  /** Takes rows in time order; returns the batches that became full. */
  push(rows: FlowRows): WindowBatch[] {
    const full: WindowBatch[] = []
    const { device, length } = rows
    for (let i = 0; i < length; i++) {
      const index = device[i]!
      if (index < 0) continue
      if (index >= this.#seen.length) this.#grow(index + 1)
      this.#remember(rows, i, index)
      const seen = ++this.#seen[index]!
      if (seen <= this.#steps) continue
      this.#write(index, seen)
      if (this.#filled === this.#batchRows) {
        full.push(this.#batch)
        this.#batch = allocateBatch(this.#batchRows, this.#steps, this.#width)
        this.#filled = 0
      }
    }
    return full
  }

  /** The windows not yet handed out, if any. */
  flush(): WindowBatch | undefined {
    const length = this.#filled
    if (length === 0) return undefined
    const batch = this.#batch
    this.#batch = allocateBatch(this.#batchRows, this.#steps, this.#width)
    this.#filled = 0
    return {
      length,
      windows: batch.windows.slice(0, length * this.#steps * this.#width),
      device: batch.device.slice(0, length),
      firstRow: batch.firstRow.slice(0, length),
      lastRow: batch.lastRow.slice(0, length),
      startMicros: batch.startMicros.slice(0, length),
      endMicros: batch.endMicros.slice(0, length),
      meanCounts: batch.meanCounts.slice(0, length * 4),
    }
  }

  #remember(rows: FlowRows, i: number, device: number): void {
    const steps = this.#steps
    const width = this.#width
    const slot = this.#seen[device]! % steps
    const first = device * 2 * steps + slot
    for (let at = first; at <= first + steps; at += steps) {
      for (let f = 0; f < width; f++) this.#scaled[at * width + f] = rows.scaled[i * width + f]!
    }
    const ring = device * steps + slot
    for (let c = 0; c < 4; c++) this.#counts[ring * 4 + c] = rows.counts[i * 4 + c]!
    this.#rows[ring] = rows.row[i]!
    this.#starts[ring] = rows.startMicros[i]!
    this.#ends[ring] = rows.endMicros[i]!
  }

  #write(device: number, seen: number): void {
    const steps = this.#steps
    const size = steps * this.#width
    const batch = this.#batch
    const at = this.#filled++
    this.windowCount++
    const oldest = seen % steps
    const from = (device * 2 * steps + oldest) * this.#width
    const to = at * size
    for (let k = 0; k < size; k++) batch.windows[to + k] = this.#scaled[from + k]!
    const ring = device * steps
    batch.device[at] = device
    let first = this.#rows[ring]!
    let last = first
    let start = this.#starts[ring]!
    let end = this.#ends[ring]!
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let k = 0; k < steps; k++) {
      const row = this.#rows[ring + k]!
      if (row < first) first = row
      if (row > last) last = row
      if (this.#starts[ring + k]! < start) start = this.#starts[ring + k]!
      if (this.#ends[ring + k]! > end) end = this.#ends[ring + k]!
      const count = (ring + k) * 4
      a += this.#counts[count]!
      b += this.#counts[count + 1]!
      c += this.#counts[count + 2]!
      d += this.#counts[count + 3]!
    }
    batch.firstRow[at] = first
    batch.lastRow[at] = last
    batch.startMicros[at] = start
    batch.endMicros[at] = end
    batch.meanCounts[at * 4] = a / steps
    batch.meanCounts[at * 4 + 1] = b / steps
    batch.meanCounts[at * 4 + 2] = c / steps
    batch.meanCounts[at * 4 + 3] = d / steps
  }

  #grow(needed: number): void {
    const devices = Math.max(16, this.#seen.length * 2, needed)
    const ring = devices * this.#steps
    this.#scaled = grown(this.#scaled, new Float32Array(2 * ring * this.#width))
    this.#counts = grown(this.#counts, new Float64Array(ring * 4))
    this.#rows = grown(this.#rows, new Float64Array(ring))
    this.#starts = grown(this.#starts, new Float64Array(ring))
    this.#ends = grown(this.#ends, new Float64Array(ring))
    this.#seen = grown(this.#seen, new Float64Array(devices))
  }
}

function grown<T extends Float32Array | Float64Array>(old: T, next: T): T {
  next.set(old)
  return next
}

function allocateBatch(length: number, steps: number, width: number): WindowBatch {
  return {
    length,
    windows: new Float32Array(length * steps * width),
    device: new Int32Array(length),
    firstRow: new Float64Array(length),
    lastRow: new Float64Array(length),
    startMicros: new Float64Array(length),
    endMicros: new Float64Array(length),
    meanCounts: new Float64Array(length * 4),
  }
}
