/** Scores windows with its own copy of the model: one such worker for each core (threads inside one session are slower). */
import { expose } from 'comlink'
import type { Network } from '#core/detect/network.ts'
import { keepLedger } from '#db/ledger.ts'
import { type NetworkOptions, openNetwork } from '#engine/open-network.ts'

keepLedger('worker')
let network: Network | undefined

const api = {
  async load(options: NetworkOptions): Promise<number> {
    network = await openNetwork(options)
    return network.batchRows
  },
  async score(windows: Float32Array, rows: number): Promise<Float32Array> {
    if (!network) throw new Error('the scorer was asked before it had a model')
    return network.reconstructionErrors(windows, rows)
  },
}

export type ScoreApi = typeof api
expose(api)
