/**
 * The `Network` port on onnxruntime-web's WebGPU provider. Its build weighs 27 MB and is loaded when a person asks for the check alone
 * (choose.ts): in software rendering it gave a CNN-LSTM an error of 0.0036, so nothing runs on it before it has agreed with WebAssembly
 * on this machine.
 */
import * as ort from 'onnxruntime-web/webgpu'
import type { Network } from '#core/detect/network.ts'
import { type OnnxModel, openSession } from './session.ts'

/** Throws Error when this browser has no graphics processor to offer, ModelError when the runtime refuses the file. */
export async function createWebGpuNetwork({ url, ...model }: OnnxModel & { readonly url: string }): Promise<Network> {
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmPaths = { wasm: url }
  return openSession(ort, model, 'webgpu')
}
