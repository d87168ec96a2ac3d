/** Flows of several captures while they are gathered, and their columns side by side at the end, each capture in time order. */
import { InputError } from '../base/errors.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import type { Assignment } from '../device/inventory.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { type FlowColumns, flowColumns } from '../prep/flow-columns.ts'
import { HOST_WINDOW_NAMES, HostWindows } from '../prep/host-windows.ts'

export interface Gathered extends Omit<FlowDataset, 'labels' | 'classes'> {
  /** Codes of label texts in the order of appearance; −1 none. */
  readonly labels: { readonly names: readonly string[]; readonly codes: Int32Array } | undefined
  /** Columns that some captures have and others not. */
  readonly droppedColumns: readonly string[]
}

interface Part {
  readonly capture: number
  readonly length: number
  readonly columns: FlowColumns
  readonly counts: Float64Array
  readonly startMicros: Float64Array
  readonly row: Float64Array
  readonly device: Int32Array
  readonly label: Int32Array | undefined
}

export interface CollectorOptions {
  readonly maxRows: number
  readonly hasLabels: boolean
  /** Of a model's judge: what a short history cannot know is then missing, as in a scan (prep/host-windows.ts). */
  readonly mostSeen?: ((column: string) => number | undefined) | undefined
}

export class FlowCollector {
  rows = 0
  readonly #maxRows: number
  readonly #hasLabels: boolean
  readonly #mostSeen: CollectorOptions['mostSeen']
  readonly #captures: string[] = []
  readonly #parts: Part[] = []
  readonly #devices = new Map<string, number>()
  readonly #labels = new Map<string, number>()
  /** By capture: columns in which some flow has a number. */
  readonly #seen: Set<string>[] = []
  #hosts = new HostWindows()

  constructor({ maxRows, hasLabels, mostSeen }: CollectorOptions) {
    this.#maxRows = maxRows
    this.#hasLabels = hasLabels
    this.#mostSeen = mostSeen
  }

  get isFull(): boolean {
    return this.rows >= this.#maxRows
  }

  startCapture(name: string): void {
    this.#captures.push(name)
    this.#seen.push(new Set())
    this.#hosts = new HostWindows()
  }

  /** Rows beyond the most are not taken. `beganMicros`: the recording's first flow, where that was not given before. */
  add(batch: FlowBatch, assignment: Assignment, beganMicros = Number.NaN): void {
    const { deviceIds, device } = assignment
    const length = Math.min(batch.length, this.#maxRows - this.rows)
    if (length <= 0) return
    const devices = deviceIds.map((id) => codeIn(this.#devices, id))
    const labels = batch.labels.map((text) => codeIn(this.#labels, text))
    const host = this.#hosts.add(batch, assignment)
    if (host && this.#mostSeen) {
      if (beganMicros < this.#hosts.beganMicros) this.#hosts.beganMicros = beganMicros
      this.#hosts.hideUnfilled(host, batch, this.#mostSeen)
    }
    const columns = withHostWindows(flowColumns(batch), host)
    this.#see(columns, length)
    this.#parts.push({
      capture: this.#captures.length - 1,
      length,
      columns,
      counts: batch.counts.slice(0, length * 4),
      startMicros: batch.startMicros.slice(0, length),
      row: batch.row.slice(0, length),
      device: device.slice(0, length).map((local) => devices[local] ?? -1),
      label: this.#hasLabels ? batch.label?.slice(0, length).map((code) => labels[code] ?? -1) : undefined,
    })
    this.rows += length
  }

  /** Throws InputError when the captures have no column in common. */
  finish(): Gathered {
    const { features, droppedColumns } = this.#commonColumns()
    const order = this.#timeOrder()
    const { rows } = this
    const width = features.length
    const values = new Float32Array(rows * width)
    const counts = new Float64Array(rows * 4)
    const device = new Int32Array(rows)
    const capture = new Int32Array(rows)
    const startMicros = new Float64Array(rows)
    const row = new Float64Array(rows)
    const codes = new Int32Array(rows).fill(-1)
    let from = 0
    // Taken off one by one, so that no number is held twice for long.
    for (let part = this.#parts.shift(); part; part = this.#parts.shift()) {
      const places = Int32Array.from(features, (name) => part.columns.names.indexOf(name))
      const partWidth = part.columns.names.length
      for (let i = 0; i < part.length; i++) {
        const to = order[from + i]!
        for (let f = 0; f < width; f++) {
          const place = places[f]!
          values[to * width + f] = place < 0 ? Number.NaN : part.columns.values[i * partWidth + place]!
        }
        for (let c = 0; c < 4; c++) counts[to * 4 + c] = part.counts[i * 4 + c]!
        device[to] = part.device[i]!
        capture[to] = part.capture
        startMicros[to] = part.startMicros[i]!
        row[to] = part.row[i]!
        if (part.label) codes[to] = part.label[i]!
      }
      from += part.length
    }
    return {
      rows,
      matrix: { features, rows, values },
      counts,
      device,
      devices: [...this.#devices.keys()],
      capture,
      captures: this.#captures,
      startMicros,
      row,
      labels: this.#hasLabels ? { names: [...this.#labels.keys()], codes } : undefined,
      droppedColumns,
    }
  }

  #see({ names, values }: FlowColumns, length: number): void {
    const seen = this.#seen.at(-1)!
    const width = names.length
    for (let f = 0; f < width; f++) {
      if (seen.has(names[f]!)) continue
      // A rhythm takes a while to show: a short capture without one has the column all the same.
      if (HOST_WINDOW_NAMES.includes(names[f]!)) seen.add(names[f]!)
      for (let at = f; at < length * width; at += width) {
        if (Number.isNaN(values[at]!)) continue
        seen.add(names[f]!)
        break
      }
    }
  }

  /** In the order of the first capture. */
  #commonColumns(): { features: string[]; droppedColumns: string[] } {
    const used = new Set(this.#parts.map((part) => part.capture))
    const seen = this.#seen.filter((_, capture) => used.has(capture))
    const order = new Set(this.#parts.flatMap((part) => part.columns.names))
    const some = [...order].filter((name) => seen.some((columns) => columns.has(name)))
    const features = some.filter((name) => seen.every((columns) => columns.has(name)))
    if (features.length === 0) {
      throw new InputError(
        seen.length > 1
          ? 'These files have no column in common, so one model cannot learn from them all. Give files of one kind.'
          : 'No flow has a number to learn from.',
      )
    }
    return { features, droppedColumns: some.filter((name) => !features.includes(name)) }
  }

  /** For each row as it came, where it goes: captures one after another, each by time, rows without a time as they stood. */
  #timeOrder(): Int32Array {
    const micros = new Float64Array(this.rows)
    const capture = new Int32Array(this.rows)
    let at = 0
    for (const part of this.#parts) {
      micros.set(part.startMicros, at)
      capture.fill(part.capture, at, at + part.length)
      at += part.length
    }
    for (let i = 0; i < micros.length; i++) if (Number.isNaN(micros[i]!)) micros[i] = Number.NEGATIVE_INFINITY
    const sorted = Int32Array.from({ length: this.rows }, (_, i) => i)
    sorted.sort((a, b) => capture[a]! - capture[b]! || compare(micros[a]!, micros[b]!) || a - b)
    const order = new Int32Array(this.rows)
    sorted.forEach((row, place) => {
      order[row] = place
    })
    return order
  }
}

/** `host` is length × HOST_WINDOW_NAMES, or undefined where nobody knows who and when. */
function withHostWindows({ names, values }: FlowColumns, host: Float32Array | undefined): FlowColumns {
  if (!host) return { names, values }
  const width = names.length
  const more = HOST_WINDOW_NAMES.length
  const joined = new Float32Array(values.length + host.length)
  for (let row = 0; row < host.length / more; row++) {
    joined.set(values.subarray(row * width, (row + 1) * width), row * (width + more))
    joined.set(host.subarray(row * more, (row + 1) * more), row * (width + more) + width)
  }
  return { names: [...names, ...HOST_WINDOW_NAMES], values: joined }
}

const compare = (a: number, b: number): number => (a < b ? -1 : Number(a > b))

function codeIn(codes: Map<string, number>, text: string): number {
  const known = codes.get(text)
  if (known !== undefined) return known
  codes.set(text, codes.size)
  return codes.size - 1
}
