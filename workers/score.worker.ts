/** Scores windows with its own copy of the model: one such worker for each core (threads inside one session are slower). */
import { expose, transfer } from 'comlink'
import type { Network } from '#core/detect/network.ts'
import { keepLedger } from '#db/ledger.ts'
import { type NetworkOptions, openNetwork } from '#engine/open-network.ts'

export interface Scored {
  /** The windows' buffer back, to be filled again: what is thrown away waits long for this worker's collector. */
  readonly windows: Float32Array
  readonly errors: Float32Array
}

keepLedger('worker')
let network: Network | undefined

const api = {
  async load(options: NetworkOptions): Promise<Pick<Network, 'batchRows' | 'engine'>> {
    network = await openNetwork(options)
    return { batchRows: network.batchRows, engine: network.engine }
  },

  /** `windows` may be longer than its rows. */
  async score(windows: Float32Array, rows: number, size: number): Promise<Scored> {
    if (!network) throw new Error('the scorer was asked before it had a model')
    const errors = await network.reconstructionErrors(windows.subarray(0, rows * size), rows)
    return transfer({ windows, errors }, [windows.buffer, errors.buffer])
  },
}

export type ScoreApi = typeof api
expose(api)
