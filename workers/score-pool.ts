/** The `Network` port over several scoring workers: each batch goes to the one with the least to do. */
import { type Remote, transfer, wrap } from 'comlink'
import type { Network } from '#core/detect/network.ts'
import type { NetworkOptions } from '#engine/open-network.ts'
import type { ScoreApi } from './score.worker.ts'

interface Seat {
  readonly worker: Worker
  readonly remote: Remote<ScoreApi>
  /** Rejects when the worker dies, so that nobody waits for it for ever. */
  readonly death: Promise<never>
  busy: number
}

export async function createScorePool(options: NetworkOptions, size: number): Promise<Network> {
  const seats = Array.from({ length: size }, takeSeat)
  const end = () => {
    for (const { worker } of seats) worker.terminate()
  }
  const loading = seats.map(({ remote, death }) => Promise.race([remote.load(options), death]))
  const loaded = await Promise.all(loading).catch((error: unknown) => {
    end()
    throw error
  })
  const batchRows = Math.min(...loaded.map((one) => one.batchRows))
  const windowSize = options.steps * options.features
  /** Windows travel in buffers that come back: copies of them would wait for a collector in either worker. */
  const spare: Float32Array<ArrayBufferLike>[] = []
  return {
    engine: loaded[0]!.engine,
    batchRows,
    async reconstructionErrors(windows, rows) {
      const seat = seats.reduce((least, other) => (other.busy < least.busy ? other : least))
      const needed = rows * windowSize
      const last = spare.pop()
      const sent = last && last.length >= needed ? last : new Float32Array(Math.max(needed, batchRows * windowSize))
      sent.set(windows)
      seat.busy++
      try {
        const scoring = seat.remote.score(transfer(sent, [sent.buffer]), rows, windowSize)
        const scored = await Promise.race([scoring, seat.death])
        spare.push(scored.windows)
        return scored.errors
      } finally {
        seat.busy--
      }
    },
    dispose: async () => end(),
  }
}

function takeSeat(): Seat {
  const worker = new Worker(new URL('./score.worker.ts', import.meta.url), { type: 'module' })
  const death = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(`the scoring worker failed: ${event.message}`))
  })
  death.catch(() => undefined)
  return { worker, remote: wrap<ScoreApi>(worker), death, busy: 0 }
}
