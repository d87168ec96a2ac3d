/** The shipped autoencoder (manifest version 1, an ONNX network over the four counts) as a FlowJudge. */
import { InputError, ModelError } from '../base/errors.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { countColumn, transformCount } from '../prep/encode.ts'
import { applyScaler } from '../prep/scaler.ts'
import type { FlowDataset, FlowJudge } from './dataset.ts'
import type { Network } from './network.ts'
import { DEFAULT_THRESHOLD, resolveThreshold } from './threshold.ts'
import { type FlowWindows, gatherWindows, lastRow, windowsOf } from './window-data.ts'

/** Throws ModelError for a model that asks for more than the four counts. The network stays the caller's to dispose of. */
export function judgeOfNetwork(manifest: ModelManifest, network: Network): FlowJudge {
  const { window: steps, typical, inputs } = manifest
  const columns = inputs.map((input) => {
    const at = countColumn(input.column)
    if (at < 0 || input.kind !== 'number') {
      throw new ModelError(`the model asks for ${input.column}; whole datasets have ${COUNT_COLUMNS.join(', ')} for it`)
    }
    return { at, transform: input.transform }
  })
  const width = columns.length

  /** length × width squared errors. */
  async function errorsOf(data: FlowDataset, windows: FlowWindows, from: number, to: number): Promise<Float32Array> {
    const rows = windows.rows.subarray(from * steps, to * steps)
    const scaled = new Float32Array(rows.length * width)
    for (let i = 0; i < rows.length; i++) {
      columns.forEach(({ at, transform }, k) => {
        scaled[i * width + k] = transformCount(data.counts[4 * rows[i]! + at]!, transform)
      })
    }
    applyScaler(scaled, manifest.scaler)
    return network.reconstructionErrors(scaled, to - from)
  }

  return {
    name: manifest.name,
    version: manifest.version,
    kind: manifest.kind,
    threshold: resolveThreshold(DEFAULT_THRESHOLD, manifest.calibration).value,
    async score(data) {
      const scores = new Float64Array(data.rows).fill(Number.NaN)
      const windows = windowsOf(data, steps)
      for (let from = 0; from < windows.length; from += network.batchRows) {
        const to = Math.min(windows.length, from + network.batchRows)
        const errors = await errorsOf(data, windows, from, to)
        for (let i = from; i < to; i++) {
          let sum = 0
          for (let k = 0; k < width; k++) sum += errors[(i - from) * width + k]!
          scores[lastRow(windows, i)] = sum / width
        }
      }
      return scores
    },
    async explain(data, row) {
      const windows = windowsOf(data, steps)
      let at = 0
      while (at < windows.length && lastRow(windows, at) !== row) at++
      if (at === windows.length)
        throw new InputError(`this flow is not judged: it is among the first ${steps} of its device`)
      const errors = await errorsOf(data, windows, at, at + 1)
      const counts = gatherWindows(windows, Float32Array.from(data.counts), { width: 4, from: at, to: at + 1 })
      const contributions = columns.map(({ at: column }, k) => {
        let sum = 0
        for (let step = 0; step < steps; step++) sum += counts[step * 4 + column]!
        return { feature: inputs[k]!.column, value: sum / steps, typical: typical[k]!, share: errors[k]! / width }
      })
      const score = contributions.reduce((total, { share }) => total + share, 0)
      return { scale: `mean squared error over ${steps} flows`, score, base: 0, contributions }
    },
  }
}
