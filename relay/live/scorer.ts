/**
 * Judges the log of records: holds devices by lease, reads on from their cursors, and commits verdicts, cases and cursors together
 * (docs/decisions/030). Killed at any point, it or a neighbour goes on without a gap and without telling anything twice.
 */
import { setTimeout } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import { GATHER_MICROS } from '#core/alert/gather.ts'
import { type ReceivedRecord, toFlows } from '#core/live/record.ts'
import type { Verdict } from '#core/live/wire.ts'
import type { LiveCase, LiveRun, LiveStep } from '#core/scan/live.ts'
import { StoreError } from '../store/errors.ts'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import {
  addVerdicts,
  type Cursor,
  claimDevices,
  keepCases,
  lastRecordsOf,
  moveCursors,
  newestRecord,
  openCasesOf,
  readRecords,
  readRecordsOf,
  releaseDevices,
} from './store.ts'

export interface Judged {
  readonly cases: readonly LiveCase[]
  /** Per device: time of its newest flow, and how many came. */
  readonly seen: ReadonlyMap<string, { readonly micros: number; readonly flows: number }>
}

export interface ScorerOptions {
  readonly store: Store
  /** The same after a restart, another for each relay on a store. */
  readonly relay: string
  readonly now: () => number
  /** Devices that are watched. */
  readonly watched: () => ReadonlySet<string>
  readonly addressOf: (device: string) => string | undefined
  /** Within the transaction that moves the cursors: what follows from what was judged. */
  readonly judged: (trx: Transaction<Tables>, step: Judged) => Promise<void>
  /** After it. */
  readonly committed: () => void
  readonly told: (verdicts: readonly Verdict[]) => void
  readonly log: (error: unknown) => void
}

const LEASE_MICROS = 10e6
const CLAIM_EVERY_MICROS = 3e6
/** Records in one step. */
const STEP_RECORDS = 1000
/** Flows of a device that are read back when it is taken over: its window, and what is usual for it. */
const REMEMBERED = 200
const TRY_AGAIN_MS = 300

export class Scorer {
  readonly #options: ScorerOptions
  #run: LiveRun
  #model: string
  readonly #held = new Set<string>()
  /** Newest record of each device that the run has seen: a device that comes back is not remembered twice. */
  readonly #seen = new Map<string, number>()
  /** Read through here, for all devices that are held. */
  #position = 0
  #claimedMicros = Number.NEGATIVE_INFINITY
  #working: Promise<void> | undefined
  #again = false
  #closed = false
  #paused = false
  /** The model failed: nothing is judged until another one is used. Records are kept all the while. */
  #broken = false
  #timer: NodeJS.Timeout | undefined
  /** Why nothing is judged; undefined while all is well. */
  fault: string | undefined

  constructor(options: ScorerOptions, run: LiveRun, model: string) {
    this.#options = options
    this.#run = run
    this.#model = model
  }

  get held(): ReadonlySet<string> {
    return this.#held
  }

  async start(): Promise<void> {
    this.#position = await newestRecord(this.#options.store.db)
    this.#timer = setInterval(() => this.wake(), CLAIM_EVERY_MICROS / 1000).unref()
    this.wake()
  }

  /** There may be new records, or other devices to watch. */
  wake(): void {
    if (this.#closed) return
    if (this.#working) {
      this.#again = true
      return
    }
    this.#again = false
    this.#working = this.#work()
      .catch((error: unknown) => {
        this.fault = error instanceof Error ? error.message : 'The scorer failed.'
        // The store comes back; a model that failed would be given the same flows again and again.
        if (!(error instanceof StoreError)) this.#broken = true
        this.#options.log(error)
      })
      .finally(() => {
        this.#working = undefined
        if (this.#again) this.wake()
      })
  }

  /** Devices are claimed anew at once: some began or ceased to be watched. */
  reclaim(): void {
    this.#claimedMicros = Number.NEGATIVE_INFINITY
    this.wake()
  }

  /** From the next step on; the new run reads back what it needs. */
  async use(run: LiveRun, model: string): Promise<void> {
    await this.#rest()
    this.#run = run
    this.#model = model
    this.fault = undefined
    this.#broken = false
    this.#held.clear()
    this.#seen.clear()
    this.reclaim()
  }

  /** Switched off it only keeps what comes; switched on again it judges all that has come since. */
  async pause(paused: boolean): Promise<void> {
    await this.#rest()
    this.#paused = paused
    if (paused) await this.#release([...this.#held])
    else this.reclaim()
  }

  /** Resolves when all that was in the log has been judged. */
  async settled(): Promise<void> {
    while (this.#working || this.#again) await this.#working
  }

  /** Stops at once and says nothing to anybody, as a kill does: leases stay until they end. */
  abandon(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.abandon()
    await this.#working
    await this.#release([...this.#held]).catch(() => {})
  }

  async #rest(): Promise<void> {
    while (this.#working) await this.#working
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.#closed || this.#paused || this.#broken) return
      const now = this.#options.now()
      if (now - this.#claimedMicros >= CLAIM_EVERY_MICROS || now < this.#claimedMicros) await this.#claim(now)
      const records = await readRecords(this.#options.store.db, this.#position, STEP_RECORDS)
      const last = records.at(-1)
      if (!last) return
      await this.#judge(records.filter(({ device }) => this.#held.has(device)))
      this.#position = last.id
    }
  }

  /** Keeps the lease of what it holds, takes what nobody holds, and lets go what is watched no more. */
  async #claim(nowMicros: number): Promise<void> {
    const { store, relay, watched } = this.#options
    const wanted = watched()
    const unwanted = [...this.#held].filter((device) => !wanted.has(device))
    await this.#release(unwanted)
    const claimed = await store.write((trx) =>
      claimDevices(trx, { devices: [...wanted], relay, nowMicros, untilMicros: nowMicros + LEASE_MICROS }),
    )
    this.#claimedMicros = nowMicros
    const names = new Set(claimed.map(({ device }) => device))
    for (const device of this.#held) if (!names.has(device)) this.#held.delete(device)
    for (const cursor of claimed) if (!this.#held.has(cursor.device)) await this.#takeOver(cursor)
  }

  async #release(devices: readonly string[]): Promise<void> {
    for (const device of devices) this.#held.delete(device)
    if (devices.length > 0) await this.#options.store.write((trx) => releaseDevices(trx, devices, this.#options.relay))
  }

  /** Reads back what the device did, then judges what came since its cursor and before `#position`. */
  async #takeOver({ device, record }: Cursor): Promise<void> {
    const { db } = this.#options.store
    const read = await lastRecordsOf(db, device, record, REMEMBERED)
    const past = read.filter(({ id }) => id > (this.#seen.get(device) ?? 0))
    if (past.length > 0) {
      for (const open of await openCasesOf(db, device, (past.at(-1)?.atMicros ?? 0) - GATHER_MICROS))
        this.#run.restore(open)
      this.#run.remember(toFlows(past, this.#options.addressOf))
      this.#note(past)
    }
    this.#held.add(device)
    for (let after = record; ; ) {
      const limit = STEP_RECORDS
      const missed = await readRecordsOf(db, { device, after, through: this.#position, limit })
      const last = missed.at(-1)
      if (!last) return
      await this.#judge(missed)
      after = last.id
    }
  }

  async #judge(records: readonly ReceivedRecord[]): Promise<void> {
    if (records.length === 0) return
    this.#note(records)
    const step = await this.#run.take(toFlows(records, this.#options.addressOf))
    const verdicts = await this.#persist(records, step)
    this.fault = undefined
    this.#options.committed()
    if (verdicts.length > 0) this.#options.told(verdicts)
  }

  #note(records: readonly ReceivedRecord[]): void {
    for (const { device, id } of records) this.#seen.set(device, id)
  }

  /** Until the store takes it: what was judged is in the run's memory, and cannot be judged again. */
  async #persist(records: readonly ReceivedRecord[], step: LiveStep): Promise<Verdict[]> {
    for (;;) {
      try {
        return await this.#options.store.write((trx) => this.#commit(trx, records, step))
      } catch (error) {
        if (!(error instanceof StoreError) || this.#closed) throw error
        this.fault = error.message
        await setTimeout(TRY_AGAIN_MS)
      }
    }
  }

  async #commit(trx: Transaction<Tables>, records: readonly ReceivedRecord[], step: LiveStep): Promise<Verdict[]> {
    const cursors = new Map<string, number>()
    const seen = new Map<string, { micros: number; flows: number }>()
    for (const { device, id, atMicros } of records) {
      cursors.set(device, id)
      const known = seen.get(device) ?? { micros: atMicros, flows: 0 }
      seen.set(device, { micros: Math.max(known.micros, atMicros), flows: known.flows + 1 })
    }
    const moved = await moveCursors(trx, cursors, this.#options.relay)
    // Of a device that a neighbour took meanwhile nothing is said here.
    for (const device of cursors.keys()) if (!moved.has(device)) this.#held.delete(device)
    const own = <T>(all: readonly T[], deviceOf: (one: T) => string) => all.filter((one) => moved.has(deviceOf(one)))
    const cases = own(step.cases, (told) => told.case.device)
    const verdicts = await addVerdicts(
      trx,
      own(step.verdicts, ({ device }) => device),
      { model: this.#model, atMicros: this.#options.now() },
    )
    await keepCases(trx, cases)
    for (const device of seen.keys()) if (!moved.has(device)) seen.delete(device)
    await this.#options.judged(trx, { cases, seen })
    return verdicts
  }
}
