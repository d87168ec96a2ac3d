/** The last flows of each device, put before the next batch: windows of flows do not end where a batch does. */
import { type FlowDataset, takeRows } from '../detect/dataset.ts'

/** Devices remembered; the one heard of longest ago makes room. */
const MOST_DEVICES = 4096

export class FlowTail {
  readonly #flows: number
  /** By device, oldest flow first, and the columns of its batch as one text. */
  readonly #last = new Map<string, { readonly flows: FlowDataset; readonly columns: string }>()

  /** `flows` of each device are remembered. */
  constructor(flows: number) {
    this.#flows = flows
  }

  /** `data` after what came before of its devices, which are the first `before` rows; and remembers the end of it. */
  join(data: FlowDataset): { readonly data: FlowDataset; readonly before: number } {
    if (this.#flows === 0 || data.rows === 0) return { data, before: 0 }
    const columns = String(data.matrix.features)
    const present = [...new Set(data.device)].filter((device) => device >= 0)
    const parts = present.flatMap((device) => {
      const last = this.#last.get(data.devices[device]!)
      return last?.columns === columns ? [{ device, part: last.flows }] : []
    })
    const before = parts.reduce((sum, { part }) => sum + part.rows, 0)
    const joined = before === 0 ? data : joinParts(parts, data, before)
    const byDevice = new Map<number, number[]>(present.map((device) => [device, []]))
    for (let row = 0; row < joined.rows; row++) byDevice.get(joined.device[row]!)?.push(row)
    for (const [device, rows] of byDevice)
      this.#remember(data.devices[device]!, { flows: takeRows(joined, rows.slice(-this.#flows)), columns })
    return { data: joined, before }
  }

  #remember(device: string, last: { readonly flows: FlowDataset; readonly columns: string }): void {
    this.#last.delete(device)
    this.#last.set(device, last)
    if (this.#last.size > MOST_DEVICES) this.#last.delete(this.#last.keys().next().value!)
  }
}

interface Part {
  /** As `data` numbers it. */
  readonly device: number
  readonly part: FlowDataset
}

function joinParts(parts: readonly Part[], data: FlowDataset, before: number): FlowDataset {
  const rows = before + data.rows
  const { features } = data.matrix
  const values = new Float32Array(rows * features.length)
  const counts = new Float64Array(rows * 4)
  const device = new Int32Array(rows)
  const startMicros = new Float64Array(rows)
  const row = new Float64Array(rows)
  let at = 0
  for (const { device: own, part } of [...parts, { device: undefined, part: data }]) {
    values.set(part.matrix.values, at * features.length)
    counts.set(part.counts, at * 4)
    if (own === undefined) device.set(part.device, at)
    else device.fill(own, at, at + part.rows)
    startMicros.set(part.startMicros, at)
    row.set(part.row, at)
    at += part.rows
  }
  return {
    ...data,
    rows,
    matrix: { features, rows, values },
    counts,
    device,
    capture: new Int32Array(rows),
    startMicros,
    row,
  }
}
