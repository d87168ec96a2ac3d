/** The `Network` port over several scoring workers: each batch goes to the one with the least to do. */
import { type Remote, wrap } from 'comlink'
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
  const sizes = await Promise.all(seats.map(({ remote, death }) => Promise.race([remote.load(options), death])))
  return {
    batchRows: Math.min(...sizes),
    async reconstructionErrors(windows, rows) {
      const seat = seats.reduce((least, other) => (other.busy < least.busy ? other : least))
      seat.busy++
      try {
        return await Promise.race([seat.remote.score(windows, rows), seat.death])
      } finally {
        seat.busy--
      }
    },
    async dispose() {
      for (const { worker } of seats) worker.terminate()
    },
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
