/** A model for tests, where what is learnt does not matter. */
import { makeCalibration } from '../detect/calibration.ts'
import type { Network } from '../detect/network.ts'
import type { ModelManifest } from '../model/manifest.ts'

/** Of its input: the four counts. */
export const WIDTH = 4

/** Stands in for the learnt network with the plainest one there is: it rebuilds every window as zeros. */
export const zeros: Network = {
  engine: 'plain',
  batchRows: 64,
  async reconstructionErrors(windows, rows) {
    const steps = windows.length / rows / WIDTH
    const errors = new Float32Array(rows * WIDTH)
    for (let i = 0; i < windows.length; i++) {
      const row = Math.floor(i / (steps * WIDTH))
      errors[row * WIDTH + (i % WIDTH)]! += windows[i]! ** 2 / steps
    }
    return errors
  },
  async dispose() {},
}

export const manifest: ModelManifest = {
  format: 'iot-guardian-model/1',
  name: 'zeros',
  version: '1.0.0',
  kind: 'lstm-autoencoder',
  parameters: 0,
  window: 10,
  inputs: ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'].map((column) => ({
    column,
    kind: 'number',
    transform: 'log1p',
  })),
  scaler: { mean: [1, 1, 5, 5], deviation: [1, 1, 2, 2] },
  calibration: makeCalibration([Array.from({ length: 1000 }, (_, i) => i / 1000)], 10),
  typical: [2, 2, 150, 150],
  files: [],
  created: '2026-01-01',
}
