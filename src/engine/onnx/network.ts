/** The `Network` port on onnxruntime-web: WebAssembly, one thread (more threads make a network this small slower). */
import * as ort from 'onnxruntime-web/wasm'
import type { Network } from '#core/detect/network.ts'
import { type OnnxModel, openSession } from './session.ts'

export interface OnnxNetworkOptions extends OnnxModel {
  /** Where the runtime's own .wasm comes from: its bytes (Node), or its address (a worker in the page). */
  readonly wasm: { readonly binary: Uint8Array } | { readonly url: string }
}

/** Throws ModelError when the runtime refuses the file, or the file is another network than the manifest says. */
export async function createOnnxNetwork({ wasm, ...model }: OnnxNetworkOptions): Promise<Network> {
  ort.env.wasm.numThreads = 1
  if ('binary' in wasm) ort.env.wasm.wasmBinary = wasm.binary
  else ort.env.wasm.wasmPaths = { wasm: wasm.url }
  return openSession(ort, model, 'wasm')
}
