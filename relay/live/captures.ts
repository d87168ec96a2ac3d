/** The running live capture of this relay: packets become flows, and flows records of the devices whose addresses they bear. */
import { InputError } from '#core/base/errors.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { toRecords } from '#core/live/record.ts'
import { MAX_RECORDS } from '#core/live/wire.ts'
import { CaptureStream } from '#core/scan/capture-stream.ts'
import type { SourceOptions } from './sources.ts'
import { Capture, type CaptureRequest } from './tcpdump.ts'

/** Flows are given at the latest when the line has been quiet for so long. */
const QUIET_MS = 130_000

export interface CaptureState {
  readonly interface: string
  readonly host: string | undefined
  readonly packets: number
  /** Of watched devices. */
  readonly flows: number
  readonly running: boolean
  /** Why it ended by itself. */
  readonly fault: string | undefined
}

type Options = Pick<SourceOptions, 'devices' | 'ingest' | 'log'>

export class LiveCapture {
  readonly #options: Options
  readonly #asked: CaptureRequest
  readonly #capture: Capture
  readonly #stream = new CaptureStream()
  #work: Promise<void> = Promise.resolve()
  #flows = 0
  #running = true
  #fault: string | undefined

  constructor(asked: CaptureRequest, options: Options) {
    this.#asked = asked
    this.#options = options
    this.#capture = new Capture(asked)
  }

  /** Resolves when packets are being heard; throws InputError when they cannot be. */
  async start(): Promise<void> {
    await this.#capture.listening()
    this.#work = this.#read()
  }

  /** What it heard until then is given out. */
  async stop(): Promise<void> {
    await this.#capture.stop()
    await this.#work
  }

  get state(): CaptureState {
    return {
      interface: this.#asked.interface,
      host: this.#asked.remote?.host,
      packets: this.#stream.packets,
      flows: this.#flows,
      running: this.#running,
      fault: this.#fault,
    }
  }

  async #read(): Promise<void> {
    let heardMs = Date.now()
    let giving: Promise<void> = Promise.resolve()
    const give = (flows: FlowBatch[]) => {
      giving = giving.then(() => this.#give(flows))
      giving.catch(() => {})
      return giving
    }
    const quiet = setInterval(() => {
      if (Date.now() - heardMs >= QUIET_MS) void give(this.#stream.flush()).catch(this.#options.log)
    }, QUIET_MS / 10).unref()
    try {
      for await (const chunk of this.#capture.source.chunks()) {
        heardMs = Date.now()
        await give(this.#stream.push(chunk))
      }
      await give(this.#stream.flush())
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : 'The capture failed.'
      if (!(error instanceof InputError)) this.#options.log(error)
    } finally {
      clearInterval(quiet)
      this.#running = false
      await this.#capture.stop()
    }
  }

  async #give(flows: readonly FlowBatch[]): Promise<void> {
    for (const batch of flows) {
      const here = new Set(batch.addresses)
      for (const { id, address, source } of this.#options.devices() as readonly WatchedDevice[]) {
        if (source !== 'live' || address === '' || !here.has(address)) continue
        const records = toRecords(batch, address)
        for (let at = 0; at < records.length; at += MAX_RECORDS)
          await this.#options.ingest(id, records.slice(at, at + MAX_RECORDS), 'capture')
        this.#flows += records.length
      }
    }
  }
}
