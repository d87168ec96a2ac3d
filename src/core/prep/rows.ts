/** Flows made ready for the detectors: columns of what they need and nothing else, so that waiting rows cost little memory. */
import type { FlowBatch } from '../flow/batch.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { encodeScaled } from './encode.ts'

export interface FlowRows {
  readonly length: number
  /** Columns of `scaled`. */
  readonly width: number
  /** Index of the device that the flow is counted for; a row with -1 belongs to none and is left out by detectors. */
  readonly device: Int32Array
  readonly row: Float64Array
  readonly startMicros: Float64Array
  readonly endMicros: Float64Array
  /** length × 4, COUNT_COLUMNS order, as read. */
  readonly counts: Float64Array
  /** Hash of the address that the device itself reached out to, equal for equal addresses in all batches; 0 for none or unknown. */
  readonly peer: Uint32Array
  /** length × width. */
  readonly scaled: Float32Array
}

export interface OwnedBatch {
  readonly batch: FlowBatch
  /** Per flow: index of its device. */
  readonly device: Int32Array
  /** Per flow: 1 where the device is the originator, 0 where it answers. */
  readonly outward: Uint8Array
}

export function prepareRows(
  { batch, device, outward }: OwnedBatch,
  model: Pick<ModelManifest, 'inputs' | 'scaler'>,
): FlowRows {
  const hashes = batch.addresses.map(hashAddress)
  const peer = new Uint32Array(batch.length)
  for (let i = 0; i < batch.length; i++) {
    if (outward[i] === 1) peer[i] = hashes[batch.respAddress[i]!] ?? 0
  }
  return {
    length: batch.length,
    width: model.scaler.mean.length,
    device,
    row: batch.row,
    startMicros: batch.startMicros,
    endMicros: batch.endMicros,
    counts: batch.counts,
    peer,
    scaled: encodeScaled(batch, model),
  }
}

/** FNV-1a over UTF-16 units; 0 is kept for "unknown". */
export function hashAddress(address: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}

/** Columns for `capacity` rows, to be filled. */
export function allocateRows(capacity: number, width: number): FlowRows {
  return {
    length: capacity,
    width,
    device: new Int32Array(capacity),
    row: new Float64Array(capacity),
    startMicros: new Float64Array(capacity),
    endMicros: new Float64Array(capacity),
    counts: new Float64Array(capacity * 4),
    peer: new Uint32Array(capacity),
    scaled: new Float32Array(capacity * width),
  }
}

/** Copies row `from` of `source` over row `to` of `target` (same width). */
export function copyRow(source: FlowRows, from: number, target: FlowRows, to: number): void {
  const width = source.width
  target.device[to] = source.device[from]!
  target.row[to] = source.row[from]!
  target.startMicros[to] = source.startMicros[from]!
  target.endMicros[to] = source.endMicros[from]!
  target.peer[to] = source.peer[from]!
  for (let i = 0; i < 4; i++) target.counts[to * 4 + i] = source.counts[from * 4 + i]!
  for (let i = 0; i < width; i++) target.scaled[to * width + i] = source.scaled[from * width + i]!
}

/** The first `length` rows, sharing memory. */
export function firstRows(rows: FlowRows, length: number): FlowRows {
  return {
    length,
    width: rows.width,
    device: rows.device.subarray(0, length),
    row: rows.row.subarray(0, length),
    startMicros: rows.startMicros.subarray(0, length),
    endMicros: rows.endMicros.subarray(0, length),
    counts: rows.counts.subarray(0, length * 4),
    peer: rows.peer.subarray(0, length),
    scaled: rows.scaled.subarray(0, length * rows.width),
  }
}
