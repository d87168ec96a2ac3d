/** What computes a model, by a name that a person can look up. */
import type { Engine } from '#core/detect/network.ts'

const NAMES: Readonly<Record<Engine | 'tfjs-webgl' | 'tfjs-webgpu', string>> = {
  kernels: 'the app’s own kernels',
  'onnxruntime-wasm': 'onnxruntime, WebAssembly',
  'onnxruntime-webgpu': 'onnxruntime, WebGPU',
  plain: 'plain code',
  'tfjs-webgl': 'TensorFlow.js, WebGL',
  'tfjs-webgpu': 'TensorFlow.js, WebGPU',
}

export function engineName(engine: keyof typeof NAMES): string {
  return NAMES[engine]
}
