/** The trained network as an ONNX file. */
import { lstmAutoencoder } from '#core/detect/architecture.ts'
import { exportOnnx } from '#core/detect/onnx-export.ts'
import type { AutoencoderWeights } from './network.ts'

export function exportAutoencoder(weights: AutoencoderWeights, steps: number): Uint8Array {
  return exportOnnx(lstmAutoencoder({ steps, features: weights.dense.outputs }), Float32Array.from(weights.flat))
}
