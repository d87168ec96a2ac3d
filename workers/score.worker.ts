/** Scores windows with its own session of the model: one such worker for each core (threads inside one session are slower). */
import { expose } from 'comlink'
import type { Network } from '#core/detect/network.ts'
import type { ModelManifest } from '#core/model/manifest.ts'
import { createOnnxNetwork } from '#engine/onnx/network.ts'

let network: Network | undefined

const api = {
  async load(manifest: ModelManifest, weights: Uint8Array, wasmUrl: string): Promise<number> {
    network = await createOnnxNetwork({ manifest, weights, wasm: { url: wasmUrl } })
    return network.batchRows
  },
  async score(windows: Float32Array, rows: number): Promise<Float32Array> {
    if (!network) throw new Error('the scorer was asked before it had a model')
    return network.reconstructionErrors(windows, rows)
  },
}

export type ScoreApi = typeof api
expose(api)
