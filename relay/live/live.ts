/** Live traffic of the relay: takes records in, has them judged, keeps the status of devices, and tells pages. */
import type { Transaction } from 'kysely'
import { severityRank } from '#core/alert/severity.ts'
import { DEFAULT_THRESHOLD, type ThresholdChoice } from '#core/detect/threshold.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import { recordMicros } from '#core/live/record.ts'
import type { ChannelMessage, FlowRecord, RecordSource, Verdict } from '#core/live/wire.ts'
import { type LiveCase, LiveRun } from '#core/scan/live.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { createRecordLog, type RecordLog } from '../store/record-log.ts'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { LiveCapture } from './captures.ts'
import { Hub } from './hub.ts'
import { Scorer } from './scorer.ts'
import { Sources } from './sources.ts'
import { skipToNow, verdictsBetween } from './store.ts'
import type { CaptureRequest } from './tcpdump.ts'

type Trx = Transaction<Tables>

type Status = WatchedDevice['status']

/** What live traffic needs of the registry of devices. */
export interface DeviceBook {
  readonly watched: ReadonlySet<string>
  get(id: string): WatchedDevice | undefined
  all(): WatchedDevice[]
  nameOf(id: string): string
  addressOf(id: string): string | undefined
  seen(trx: Trx, seen: ReadonlyMap<string, { readonly micros: number }>, nowMicros: number): Promise<WatchedDevice[]>
  setStatus(trx: Trx, id: string, status: Status, from: readonly Status[]): Promise<boolean>
  tell(): void
  onChange(hear: () => void): void
}

export type DeviceNews = { readonly device: WatchedDevice; readonly kind: 'silent' | 'first-seen' }

export interface LiveOptions {
  readonly store: Store
  readonly relay: string
  readonly now: () => number
  readonly devices: DeviceBook
  readonly model: ScanModel
  readonly timeZone: string
  readonly threshold?: ThresholdChoice
  /** Within the transaction that keeps the case. */
  readonly onCase: (trx: Trx, told: LiveCase) => Promise<void>
  readonly onDevice: (trx: Trx, news: DeviceNews) => Promise<void>
  /** After the commit of any of these. */
  readonly committed: () => void
  readonly log: (error: unknown) => void
}

/** A device that has not been heard for so long is offline, and its silence is told. */
export const SILENT_MICROS = 15 * 60e6
const SWEEP_EVERY_MS = 20_000
/** A device with a case at least this loud is under attack until the case has been quiet for so long. */
const ATTACK_SEVERITY = severityRank('high')
const CALM_MICROS = 15 * 60e6

export class Live {
  readonly hub: Hub
  readonly scorer: Scorer
  readonly sources: Sources
  readonly #options: LiveOptions
  readonly #log: RecordLog
  readonly #attacked = new Map<string, number>()
  readonly #ends: (() => void)[] = []
  #capture: LiveCapture | undefined
  #model: ScanModel
  #run: LiveRun
  #paused = false
  /** In a transaction that is not committed yet: others must not look before. */
  #devicesChanged = false
  /** Records taken since the start. */
  records = 0

  constructor(options: LiveOptions) {
    const { store, devices, relay, now } = options
    this.#options = options
    this.#model = options.model
    this.hub = new Hub(now)
    this.#log = createRecordLog(store)
    this.#run = this.#newRun()
    this.scorer = new Scorer(
      {
        store,
        relay,
        now,
        watched: () => devices.watched,
        addressOf: (device) => devices.addressOf(device),
        judged: async (trx, { cases, seen }) => {
          const woken = await devices.seen(trx, seen, now())
          for (const device of woken)
            if (device.lastSeenMicros === undefined) await options.onDevice(trx, { device, kind: 'first-seen' })
          for (const told of cases) await this.#hearCase(trx, told)
          if (woken.length > 0) this.#devicesChanged = true
        },
        told: (verdicts) => this.#tell(verdicts),
        committed: () => {
          if (this.#devicesChanged) devices.tell()
          this.#devicesChanged = false
          options.committed()
        },
        log: options.log,
      },
      this.#run,
      modelTitle(options.model),
    )
    this.sources = new Sources({
      now,
      devices: () => devices.all(),
      isHeld: (device) => this.scorer.held.has(device),
      ingest: (device, records, source) => this.ingest(device, records, source),
      log: options.log,
    })
  }

  get model(): ScanModel {
    return this.#model
  }

  get capture(): LiveCapture | undefined {
    return this.#capture
  }

  /** In place of the one before. Throws InputError when nothing can be captured there. */
  async startCapture(asked: CaptureRequest): Promise<LiveCapture> {
    await this.stopCapture()
    const { devices, log } = this.#options
    const capture = new LiveCapture(asked, {
      devices: () => devices.all(),
      ingest: (device, records, source) => this.ingest(device, records, source),
      log,
    })
    await capture.start()
    this.#capture = capture
    return capture
  }

  async stopCapture(): Promise<void> {
    const capture = this.#capture
    this.#capture = undefined
    await capture?.stop()
  }

  device(id: string): WatchedDevice | undefined {
    return this.#options.devices.get(id)
  }

  async start(): Promise<void> {
    const { store, devices } = this.#options
    this.#ends.push(
      store.listen('records', () => this.scorer.wake()),
      store.listen('verdicts', (by) => void this.#hearNeighbour(by).catch(this.#options.log)),
    )
    devices.onChange(() => {
      this.scorer.reclaim()
      this.hub.send(devices.all().map((device) => ({ kind: 'device', state: stateOf(device) })))
    })
    const sweep = setInterval(() => void this.sweep().catch(this.#options.log), SWEEP_EVERY_MS).unref()
    this.#ends.push(() => clearInterval(sweep))
    await this.scorer.start()
    this.sources.start()
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end()
    this.hub.close()
    await this.sources.close()
    await this.stopCapture()
    await this.scorer.close()
  }

  /** Resolves when the records are committed: they will be judged, whatever happens. */
  async ingest(device: string, records: readonly FlowRecord[], source: RecordSource): Promise<void> {
    const now = this.#options.now()
    const timed = records.map((record) => ({ ...record, ts: recordMicros(record, now) / 1e6 }))
    await this.#log.append(device, timed, source, now)
    this.records += records.length
    this.scorer.wake()
    if (this.#options.store.kind === 'postgres') this.#options.store.notify('records', '')
  }

  /** From now on: flows of before are not judged. */
  async watch(device: string): Promise<void> {
    await this.#options.store.write((trx) => skipToNow(trx, device))
  }

  /** Score over which a window is odd. */
  get threshold(): number {
    return this.#run.threshold
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** Switched off, records are only kept; switched on again, all that came since is judged. */
  async pause(paused: boolean): Promise<void> {
    this.#paused = paused
    await this.scorer.pause(paused)
  }

  /** Judges with another model from the next flow on. */
  async use(model: ScanModel): Promise<void> {
    this.#model = model
    this.#run = this.#newRun()
    await this.scorer.use(this.#run, modelTitle(model))
  }

  /** Finds devices that have fallen silent, and those whose attack is over. */
  async sweep(): Promise<void> {
    const { store, devices, now, onDevice } = this.#options
    const nowMicros = now()
    const mine = devices.all().filter(({ id, monitored }) => monitored && this.scorer.held.has(id))
    const silent = mine.filter(
      ({ status, lastSeenMicros }) =>
        (status === 'online' || status === 'under_attack') &&
        lastSeenMicros !== undefined &&
        nowMicros - lastSeenMicros > SILENT_MICROS,
    )
    const calm = mine.filter(
      ({ id, status }) => status === 'under_attack' && nowMicros - (this.#attacked.get(id) ?? 0) > CALM_MICROS,
    )
    if (silent.length + calm.length === 0) return
    await store.write(async (trx) => {
      for (const { id } of calm) await devices.setStatus(trx, id, 'online', ['under_attack'])
      for (const device of silent) {
        if (await devices.setStatus(trx, device.id, 'offline', ['online', 'under_attack']))
          await onDevice(trx, { device, kind: 'silent' })
      }
    })
    this.#options.committed()
    devices.tell()
  }

  async #hearCase(trx: Trx, told: LiveCase): Promise<void> {
    const { devices, onCase, now } = this.#options
    const { device, severity } = told.case
    await onCase(trx, told)
    if (severityRank(severity) < ATTACK_SEVERITY) return
    this.#attacked.set(device, now())
    // Quarantine stays until it is lifted.
    if (!(await devices.setStatus(trx, device, 'under_attack', ['online']))) return
    this.#devicesChanged = true
  }

  #tell(verdicts: readonly Verdict[]): void {
    const { store, relay } = this.#options
    this.#send(verdicts)
    const [first, last] = [verdicts.at(0)?.id, verdicts.at(-1)?.id]
    if (store.kind === 'postgres') store.notify('verdicts', `${first} ${last} ${relay}`)
  }

  /** What another relay judged, for the pages that are connected to this one. */
  async #hearNeighbour(payload: string): Promise<void> {
    const [first = '', last = '', by] = payload.split(' ')
    if (by === undefined || by === this.#options.relay || this.hub.size === 0) return
    this.#send(await verdictsBetween(this.#options.store.db, Number(first), Number(last)))
  }

  #send(verdicts: readonly Verdict[]): void {
    this.hub.send(verdicts.map((verdict): ChannelMessage => ({ kind: 'verdict', verdict })))
  }

  #newRun(): LiveRun {
    const { threshold = DEFAULT_THRESHOLD, timeZone, devices } = this.#options
    return new LiveRun({ model: this.#model, threshold, timeZone, deviceName: (device) => devices.nameOf(device) })
  }
}

export const modelTitle = ({ manifest }: ScanModel) => `${manifest.name} ${manifest.version}`

function stateOf({ id, status, lastSeenMicros }: WatchedDevice) {
  return { device: id, status, ...(lastSeenMicros === undefined ? {} : { lastSeenMicros }) }
}
