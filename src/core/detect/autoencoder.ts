/** The learnt detector: windows that the autoencoder cannot rebuild are unusual. */

import type { Finding, Reason } from '../alert/evidence.ts'
import { severityOfRatio } from '../alert/severity.ts'
import { ModelError } from '../base/errors.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { countColumn, matrixWidth } from '../prep/encode.ts'
import type { WindowBatch } from '../prep/windows.ts'
import type { Network } from './network.ts'
import type { DeviceTypical } from './typical.ts'

export interface ScoredWindows {
  readonly batch: WindowBatch
  /** Per window: mean squared error over steps and features. */
  readonly scores: Float64Array
  /** length × inputs of the manifest: part of the score in [0, 1], summing to 1 (0 for a perfect window). */
  readonly shares: Float32Array
}

export interface FindingContext {
  readonly deviceId: (device: number) => string
  /** Own medians of devices, where known; else the manifest's. */
  readonly typical?: DeviceTypical
}

export interface Autoencoder {
  readonly manifest: ModelManifest
  readonly threshold: number
  score(batch: WindowBatch): Promise<ScoredWindows>
  /** One finding for each window above the threshold, in the order of the batch. */
  findings(scored: ScoredWindows, context: FindingContext): Finding[]
}

export function createAutoencoder(manifest: ModelManifest, network: Network, threshold: number): Autoencoder {
  return {
    manifest,
    threshold,
    score: (batch) => scoreWindows(manifest, network, batch),
    findings(scored, context) {
      const findings: Finding[] = []
      for (let i = 0; i < scored.batch.length; i++) {
        if (scored.scores[i]! > threshold) findings.push(makeFinding(manifest, threshold, scored, i, context))
      }
      return findings
    },
  }
}

/** Throws ModelError when the network answers with anything but one finite error per window and feature. */
async function scoreWindows(manifest: ModelManifest, network: Network, batch: WindowBatch): Promise<ScoredWindows> {
  const { inputs } = manifest
  const width = matrixWidth(inputs)
  const { length } = batch
  const errors = await network.reconstructionErrors(batch.windows.subarray(0, length * manifest.window * width), length)
  if (errors.length !== length * width) {
    throw new ModelError(`the model gave ${errors.length} numbers for ${length} windows of ${width} inputs`)
  }
  const scores = new Float64Array(length)
  const shares = new Float32Array(length * inputs.length)
  for (let i = 0; i < length; i++) {
    let total = 0
    for (let f = 0; f < width; f++) total += errors[i * width + f]!
    if (!Number.isFinite(total)) throw new ModelError(`the model gave a score that is not a number (${manifest.name})`)
    scores[i] = total / width
    if (total === 0) continue
    let column = i * width
    for (const [k, input] of inputs.entries()) {
      const columns = input.kind === 'number' ? 1 : input.categories.length
      let part = 0
      for (let c = 0; c < columns; c++) part += errors[column++]!
      shares[i * inputs.length + k] = part / total
    }
  }
  return { batch, scores, shares }
}

function makeFinding(
  manifest: ModelManifest,
  threshold: number,
  { batch, scores, shares }: ScoredWindows,
  i: number,
  { deviceId, typical }: FindingContext,
): Finding {
  const device = batch.device[i]!
  const score = scores[i]!
  const reasons: Reason[] = []
  let numbers = 0
  for (const [k, input] of manifest.inputs.entries()) {
    const share = shares[i * manifest.inputs.length + k]!
    if (input.kind === 'category') {
      reasons.push({ feature: input.column, value: Number.NaN, typical: Number.NaN, share })
      continue
    }
    const trained = manifest.typical[numbers++]!
    const column = countColumn(input.column)
    reasons.push({
      feature: input.column,
      value: batch.meanCounts[i * 4 + column]!,
      typical: typical?.median(device, input.column) ?? trained,
      share,
    })
  }
  return {
    detector: 'model',
    device: deviceId(device),
    rows: [batch.firstRow[i]!, batch.lastRow[i]!],
    startMicros: batch.startMicros[i]!,
    endMicros: batch.endMicros[i]!,
    score,
    threshold,
    severity: severityOfRatio(score / threshold),
    reasons: reasons.sort((a, b) => b.share - a.share),
  }
}
