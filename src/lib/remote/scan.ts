/** The page's side of a scan: one warm worker, jobs one after another, worker death turned into a rejection. */
import { proxy, type Remote, wrap } from 'comlink'
import type { ThresholdChoice } from '#core/detect/threshold.ts'
import type { ColumnMapping } from '#core/logs/columns.ts'
import type { ScanApi } from '#workers/scan.worker.ts'
import { policyHolds } from './service-worker.ts'

export interface ScanRequest {
  readonly file: File | { readonly demo: true }
  readonly threshold: ThresholdChoice
  /** For tables whose columns the person named. */
  readonly mapping?: ColumnMapping
}

export interface RunningScan {
  /** Id in the store of the first capture or table in the file; rejects when not even a record could be made. */
  readonly scanId: Promise<string>
  /** All done, or failed with its reason in the record. */
  readonly done: Promise<void>
  /** What was found so far stays. */
  stop(): void
}

interface Seat {
  readonly worker: Worker
  readonly remote: Remote<ScanApi>
  readonly death: Promise<never>
  readonly ready: Promise<void>
}

const DEMO_FILE = 'demo/home.pcap.gz'
/** The demo tells of 03:10 at night wherever it is watched. */
const DEMO_ZONE = 'UTC'

export class Scanner {
  readonly #base: string
  #seat: Seat | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #demo: Promise<Blob> | undefined

  /** `base`: absolute address of the app's root, ending in `/`. */
  constructor(base: string) {
    this.#base = base
  }

  /** Starts the worker and loads the model, so that the first scan does not wait and asks the network for nothing. */
  async warmUp(): Promise<void> {
    await policyHolds()
    await this.#take().ready
  }

  start(request: ScanRequest): RunningScan {
    const heard = Promise.withResolvers<string>()
    heard.promise.catch(() => undefined)
    let stopped = false
    let stopRunning: (() => void) | undefined
    const run = async () => {
      if (stopped) throw new DOMException('The scan was stopped before it began.', 'AbortError')
      await policyHolds()
      const seat = this.#take()
      stopRunning = () => void seat.remote.stop()
      const isDemo = 'demo' in request.file
      const file = 'demo' in request.file ? await this.#loadDemo() : request.file
      await Promise.race([seat.ready, seat.death])
      const job = {
        file,
        name: 'demo' in request.file ? 'Demo home' : request.file.name,
        demo: isDemo,
        threshold: request.threshold,
        mapping: request.mapping,
        timeZone: isDemo ? DEMO_ZONE : Intl.DateTimeFormat().resolvedOptions().timeZone,
      }
      await Promise.race([seat.remote.scan(job, proxy(heard.resolve)), seat.death])
    }
    const done = this.#queue.then(run)
    done.catch(heard.reject)
    this.#queue = done.catch(() => undefined)
    return {
      scanId: heard.promise,
      done,
      stop() {
        stopped = true
        stopRunning?.()
      },
    }
  }

  #take(): Seat {
    this.#seat ??= this.#open()
    return this.#seat
  }

  #open(): Seat {
    const worker = new Worker(new URL('../../../workers/scan.worker.ts', import.meta.url), { type: 'module' })
    const remote = wrap<ScanApi>(worker)
    const death = new Promise<never>((_, reject) => {
      worker.onerror = (event) => {
        reject(
          new Error(`The part of the app that reads files stopped (${event.message || 'it could not be loaded'}).`),
        )
        this.#close()
      }
    })
    death.catch(() => undefined)
    const ready = Promise.race([remote.prepare(this.#base), death])
    // A failed start is told to whoever scans next, who also gets a new worker.
    ready.catch(() => this.#close())
    return { worker, remote, death, ready }
  }

  #close(): void {
    this.#seat?.worker.terminate()
    this.#seat = undefined
  }

  #loadDemo(): Promise<Blob> {
    this.#demo ??= fetch(new URL(DEMO_FILE, this.#base)).then((response) => {
      if (!response.ok) throw new Error('The demo could not be loaded.')
      return response.blob()
    })
    this.#demo.catch(() => {
      this.#demo = undefined
    })
    return this.#demo
  }
}
