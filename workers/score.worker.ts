/** Scores windows with its own session of the model: one such worker for each core (threads inside one session are slower). */
import { expose } from 'comlink'
import type { Network } from '#core/detect/network.ts'
import { keepLedger } from '#db/ledger.ts'
import { createOnnxNetwork, type OnnxNetworkOptions } from '#engine/onnx/network.ts'

keepLedger('worker')
let network: Network | undefined

const api = {
  async load(options: OnnxNetworkOptions): Promise<number> {
    network = await createOnnxNetwork(options)
    return network.batchRows
  },
  async score(windows: Float32Array, rows: number): Promise<Float32Array> {
    if (!network) throw new Error('the scorer was asked before it had a model')
    return network.reconstructionErrors(windows, rows)
  },
}

export type ScoreApi = typeof api
expose(api)
