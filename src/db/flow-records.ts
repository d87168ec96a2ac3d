/** A batch of flows as it is stored: its columns, its features in single precision, and a span that says what is inside. */
import type { FlowBatch } from '#core/flow/batch.ts'
import type { DeviceFlows } from '#core/scan/update.ts'
import type { FlowFeaturesRecord, FlowRecord, FlowSpanRecord } from './schema.ts'

export interface FlowRecords {
  readonly span: FlowSpanRecord
  readonly flow: FlowRecord
  readonly features: FlowFeaturesRecord | undefined
}

export function flowRecords(input: { scanId: string; sequence: number; flows: DeviceFlows }): FlowRecords {
  const { scanId } = input
  const { batch, deviceIds, device, outward } = input.flows
  const key = `${scanId}/${String(input.sequence).padStart(8, '0')}`
  const { length } = batch
  const devices: Record<string, number> = {}
  let firstRow = Number.POSITIVE_INFINITY
  let lastRow = Number.NEGATIVE_INFINITY
  let firstMicros = Number.NaN
  let lastMicros = Number.NaN
  for (let i = 0; i < length; i++) {
    const id = deviceIds[device[i]!] ?? ''
    devices[id] = (devices[id] ?? 0) + 1
    const row = batch.row[i]!
    if (row < firstRow) firstRow = row
    if (row > lastRow) lastRow = row
    const start = batch.startMicros[i]!
    if (!(start >= firstMicros)) firstMicros = Number.isNaN(start) ? firstMicros : start
    const end = batch.endMicros[i]!
    if (!(end <= lastMicros)) lastMicros = Number.isNaN(end) ? lastMicros : end
  }
  const span: FlowSpanRecord = { key, scanId, length, firstRow, lastRow, firstMicros, lastMicros, devices }
  const flow: FlowRecord = {
    key,
    scanId,
    length,
    row: compact(batch.row),
    startMicros: compact(batch.startMicros),
    endMicros: compact(batch.endMicros),
    addresses: batch.addresses,
    origAddress: compact(batch.origAddress),
    respAddress: compact(batch.respAddress),
    origPort: compact(batch.origPort),
    respPort: compact(batch.respPort),
    protocol: compact(batch.protocol),
    counts: compact(batch.counts),
    labels: batch.labels,
    label: batch.label && compact(batch.label),
    categories: batch.categories.map((c) => ({ name: c.name, values: c.values, code: compact(c.code) })),
    deviceIds,
    device: compact(device),
    outward: compact(outward),
  }
  const features = batch.features && { key, scanId, features: single(batch.features) }
  return { span, flow, features }
}

/** A stored batch as it was read; what came after it is not known any more. */
export function batchOf(flow: FlowRecord, features: FlowFeaturesRecord | undefined): FlowBatch {
  return { ...flow, features: features?.features, watermarkMicros: Number.NaN }
}

/** The rows of one device, in their order. */
export function ofDevice(
  flow: FlowRecord,
  features: FlowFeaturesRecord | undefined,
  device: string,
): { flow: FlowRecord; features: FlowFeaturesRecord | undefined } {
  const own = flow.deviceIds.indexOf(device)
  const rows = Int32Array.from({ length: flow.length }, (_, i) => i).filter((i) => flow.device[i] === own)
  const { length } = rows
  if (length === flow.length) return { flow, features }
  const width = features ? features.features.length / flow.length : 0
  return {
    flow: {
      ...flow,
      length,
      row: pick(flow.row, rows),
      startMicros: pick(flow.startMicros, rows),
      endMicros: pick(flow.endMicros, rows),
      origAddress: pick(flow.origAddress, rows),
      respAddress: pick(flow.respAddress, rows),
      origPort: pick(flow.origPort, rows),
      respPort: pick(flow.respPort, rows),
      protocol: pick(flow.protocol, rows),
      counts: pick(flow.counts, rows, 4),
      label: flow.label && pick(flow.label, rows),
      categories: flow.categories.map((category) => ({ ...category, code: pick(category.code, rows) })),
      device: pick(flow.device, rows),
      outward: pick(flow.outward, rows),
    },
    features: features && { ...features, features: pick(features.features, rows, width) },
  }
}

/** `width` numbers of each row. */
function pick<T extends { slice(start: number, end: number): T; [place: number]: number }>(
  column: T,
  rows: Int32Array,
  width = 1,
): T {
  const taken = column.slice(0, rows.length * width)
  rows.forEach((row, to) => {
    for (let k = 0; k < width; k++) taken[to * width + k] = column[row * width + k]!
  })
  return taken
}

function single(features: Float32Array | Float64Array): Float32Array {
  return features instanceof Float32Array ? compact(features) : Float32Array.from(features)
}

/** A structured clone copies the whole buffer behind a view: cut it to the view first. */
function compact<T extends { readonly byteLength: number; readonly buffer: ArrayBufferLike; slice(): T }>(view: T): T {
  return view.byteLength === view.buffer.byteLength ? view : view.slice()
}
