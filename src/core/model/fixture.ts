/** A small manifest for tests: one number input, one category. */
import type { ModelManifest } from './manifest.ts'

export const SAMPLE_MANIFEST: ModelManifest = {
  format: 'iot-guardian-model/1',
  name: 'sample',
  version: '1.0.0',
  kind: 'lstm-autoencoder',
  parameters: 12,
  window: 10,
  inputs: [
    { column: 'orig_pkts', kind: 'number', transform: 'log1p' },
    { column: 'proto', kind: 'category', categories: ['tcp', 'udp'] },
  ],
  scaler: { mean: [1, 0, 0], deviation: [2, 1, 1] },
  calibration: {
    windows: 1000,
    mean: 0.5,
    deviation: 0.1,
    quantiles: [0, 0.5, 1],
    tail: { level: 0.98, share: 0.02, shape: 0, scale: 0.1 },
    clusterWindows: 1,
  },
  typical: [3],
  files: [{ path: 'model.onnx', sha256: 'a'.repeat(64), sizeBytes: 3 }],
  created: '2026-01-01',
}
