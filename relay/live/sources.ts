/** Devices whose flows the relay makes itself: simulated ones, and recordings that are given out again. They run where the device is judged. */
import { InputError } from '#core/base/errors.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import { Replay } from '#core/live/replay.ts'
import { type SimulatedAttack, type SimulatedType, Simulation } from '#core/live/simulation.ts'
import { DEVICES } from '#core/live/simulation-profiles.ts'
import { type FlowRecord, MAX_RECORDS, type RecordSource } from '#core/live/wire.ts'

export interface SourceOptions {
  readonly now: () => number
  readonly devices: () => readonly WatchedDevice[]
  /** Judged by this relay: its neighbours make the flows of others. */
  readonly isHeld: (device: string) => boolean
  /** Resolves after the commit. */
  readonly ingest: (device: string, records: readonly FlowRecord[], source: RecordSource) => Promise<void>
  readonly log: (error: unknown) => void
}

const TICK_MS = 500
/** Kept in memory while they run. */
const MOST_REPLAYS = 20
/** A simulated device does not make up for a longer sleep of the relay. */
const MOST_BEHIND_MICROS = 60e6

export class Sources {
  readonly #options: SourceOptions
  readonly #simulations = new Map<string, Simulation>()
  readonly #replays = new Map<string, Replay>()
  #working: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #toldMicros = 0

  constructor(options: SourceOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#working ??= this.tick()
        .catch(this.#options.log)
        .finally(() => {
          this.#working = undefined
        })
    }, TICK_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#working
  }

  replayOf(device: string): Replay | undefined {
    return this.#replays.get(device)
  }

  /** Begins at once. Throws InputError when nothing in it has a time, or too many run. */
  replay(device: string, records: readonly FlowRecord[]): Replay {
    if (!this.#replays.has(device) && this.#replays.size >= MOST_REPLAYS)
      throw new InputError(`${MOST_REPLAYS} recordings are replayed already; end one first.`)
    const replay = new Replay(records)
    replay.resume(this.#options.now())
    this.#replays.set(device, replay)
    return replay
  }

  endReplay(device: string): void {
    this.#replays.delete(device)
  }

  /** Throws InputError when the device is not simulated here now. */
  attack(device: string, kind: SimulatedAttack, seconds: number): void {
    const simulation = this.#simulations.get(device)
    if (!simulation) throw new InputError('Only a simulated device that is being watched can be made to attack.')
    simulation.attack(kind, this.#options.now(), seconds)
  }

  /** Gives out what is due. Calls must not overlap. */
  async tick(): Promise<void> {
    const { now, devices, isHeld } = this.#options
    const nowMicros = now()
    const slept = nowMicros - this.#toldMicros > MOST_BEHIND_MICROS || nowMicros < this.#toldMicros
    if (slept) this.#simulations.clear()
    this.#toldMicros = nowMicros
    const known = devices()
    const ids = new Set(known.map(({ id }) => id))
    for (const id of this.#replays.keys()) if (!ids.has(id)) this.#replays.delete(id)
    for (const { id, type, source, monitored } of known) {
      const runs = monitored && isHeld(id)
      if (runs && source === 'simulated') await this.#give(id, this.#simulation(id, type, nowMicros), 'simulated')
      else this.#simulations.delete(id)
      const replay = this.#replays.get(id)
      if (replay && runs && source === 'replay') await this.#give(id, replay, 'replay')
    }
  }

  async #give(device: string, from: Pick<Replay, 'take'>, source: RecordSource): Promise<void> {
    const records = from.take(this.#options.now(), MAX_RECORDS)
    if (records.length > 0) await this.#options.ingest(device, records, source)
  }

  #simulation(id: string, type: WatchedDevice['type'], startMicros: number): Simulation {
    const known = this.#simulations.get(id)
    if (known) return known
    const seed = [...id].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 7)
    const simulation = new Simulation({ type: isSimulated(type) ? type : 'sensor', seed, startMicros })
    this.#simulations.set(id, simulation)
    return simulation
  }
}

const isSimulated = (type: string): type is SimulatedType => type in DEVICES
