/**
 * The one way in and out of the database. Writes go to IndexedDB and, when it refuses, to memory with a warning; reads and watches see
 * both as one. Nothing is dropped in silence.
 */
import Dexie, { liveQuery } from 'dexie'
import { Memory } from './memory.ts'
import {
  type Durability,
  GuardianDatabase,
  type IndexedDbParts,
  keyOf,
  TABLE_NAMES,
  type TableName,
  type Tables,
} from './schema.ts'
import type { Watch } from './watch.ts'

export interface StoreOptions {
  readonly parts?: IndexedDbParts
  /** Undefined: no other context is told. */
  readonly channel?: BroadcastChannel | undefined
}

/** What a piece of work may do to a table, the same on disk and in memory. */
export interface TablePort<Row> {
  get(key: string): Promise<Row | undefined>
  bulkGet(keys: string[]): Promise<(Row | undefined)[]>
  bulkPut(rows: Row[]): Promise<void>
  bulkDelete(keys: string[]): Promise<void>
}

export type TablePorts = { readonly [Name in TableName]: TablePort<Tables[Name]> }

export class Store {
  readonly memory: Memory
  /** Findings and all that a person did: acknowledged means on disk. */
  readonly strict: GuardianDatabase
  /** What can be derived from the file again. */
  readonly relaxed: GuardianDatabase

  constructor(options: StoreOptions = {}) {
    this.memory = new Memory(options.channel)
    this.strict = new GuardianDatabase('strict', options.parts)
    this.relaxed = new GuardianDatabase('relaxed', options.parts)
  }

  /**
   * Runs `work` in one transaction over `tables`. It may run twice (the second time against memory), so it must depend only on what it
   * reads. Errors that are not about storage pass through.
   */
  async write<T>(
    tables: readonly TableName[],
    durability: Durability,
    work: (ports: TablePorts) => Promise<T>,
  ): Promise<T> {
    const database = durability === 'strict' ? this.strict : this.relaxed
    if (this.memory.state.value === undefined) {
      try {
        return await database.transaction('rw', [...tables], async () => work(diskPorts(database)))
      } catch (error) {
        const reason = refusalOf(error)
        if (!reason) throw error
        this.memory.turnOn(reason, causeOf(error))
      }
    }
    return work(this.#memoryPorts())
  }

  /** Removes from disk and memory; needs no room, so it is tried on disk even when that is full. */
  async remove(table: TableName, keys: string[]): Promise<void> {
    this.memory.delete(table, keys)
    await this.readDisk(async (database) => database.table(table).bulkDelete(keys), undefined)
  }

  /** What `query` finds on disk, or `fallback` when the database cannot be opened. */
  async readDisk<T>(query: (database: GuardianDatabase) => Promise<T>, fallback: T): Promise<T> {
    try {
      return await query(this.strict)
    } catch (error) {
      const reason = refusalOf(error)
      if (!reason) throw error
      if (this.memory.state.value === undefined) this.memory.turnOn(reason, causeOf(error))
      return fallback
    }
  }

  /** Rows of disk and memory as one: memory stands before disk. */
  async read<Name extends TableName>(options: ReadOptions<Name>): Promise<Tables[Name][]> {
    const stored = await this.readDisk(options.stored, [])
    return overlay(options, stored, this.memory)
  }

  /** Primary keys of a table, of disk and memory, sorted. */
  async keys(table: TableName): Promise<string[]> {
    const stored = await this.readDisk((database) => database.table(table).toCollection().primaryKeys(), [])
    return [...new Set([...stored.map(String), ...this.memory.rows(table).keys()])].sort()
  }

  /** Those of `keys` that exist, in their order. */
  async getMany<Name extends TableName>(table: Name, keys: string[]): Promise<Tables[Name][]> {
    const above = this.memory.rows(table)
    const none: (Tables[Name] | undefined)[] = []
    const stored = await this.readDisk((database) => database.table(table).bulkGet(keys), none)
    return keys.map((key, i) => above.get(key) ?? stored[i]).filter((row) => row !== undefined)
  }

  /** `read`, again at every change, also one made in another tab or worker. */
  watch<Name extends TableName>(options: ReadOptions<Name>): Watch<Tables[Name][]> {
    return this.watchQuery(() => this.read(options))
  }

  /** `query` again at every change of what it read on disk, and of memory. */
  watchQuery<T>(query: () => Promise<T>): Watch<T> {
    return {
      subscribe: (run) => {
        let live = true
        let stop: (() => void) | undefined
        run(undefined)
        const start = () => {
          stop?.()
          stop = this.#follow(query, (value) => {
            if (live) run(value)
          })
        }
        // Subscribing runs at once, so this also starts the first query.
        const stopMemory = this.memory.changes.subscribe(start)
        return () => {
          live = false
          stopMemory()
          stop?.()
        }
      },
    }
  }

  /** Once now, and at every change on disk; where there is no disk, memory's changes are all there is. */
  #follow<T>(query: () => Promise<T>, run: (value: T) => void): () => void {
    const hasDisk = Dexie.dependencies.indexedDB !== undefined && this.memory.state.value?.reason !== 'refused'
    let live = true
    const tell = (value: T) => {
      if (live) run(value)
    }
    const subscription = hasDisk ? liveQuery(paced(query, tell)).subscribe(() => undefined) : undefined
    if (!subscription) void query().then(tell)
    return () => {
      live = false
      subscription?.unsubscribe()
    }
  }

  /** Tries to bring what is in memory to disk; true when nothing is left in memory. */
  async flushMemory(): Promise<boolean> {
    if (this.memory.state.value === undefined) return true
    const running = [...this.memory.rows('scans').values()].some((scan) => scan.state === 'running')
    if (running) return false
    const names = [...TABLE_NAMES]
    try {
      await this.strict.open()
      await this.strict.transaction('rw', names, async () => {
        for (const name of names) await this.strict.table(name).bulkPut([...this.memory.rows(name).values()])
      })
    } catch (error) {
      if (!refusalOf(error)) throw error
      return false
    }
    this.memory.turnOff()
    return true
  }

  close(): void {
    this.strict.close()
    this.relaxed.close()
    this.memory.close()
  }

  #memoryPorts(): TablePorts {
    const port = <Name extends TableName>(name: Name): TablePort<Tables[Name]> => {
      const get = async (key: string): Promise<Tables[Name] | undefined> =>
        this.memory.rows(name).get(key) ??
        this.readDisk<Tables[Name] | undefined>((d) => d.table(name).get(key), undefined)
      return {
        get,
        bulkGet: (keys) => Promise.all(keys.map(get)),
        bulkPut: async (rows) => this.memory.put(name, rows),
        bulkDelete: async (keys) => this.memory.delete(name, keys),
      }
    }
    return portsOf(port)
  }
}

/** A watch reads for a tenth of the time at most: a long list that changes four times a second would else keep the page busy. */
const REST_PER_READING = 9
/** Below this, first findings are worth more than rest. */
const LONG_READING_MS = 30

/**
 * A reading for liveQuery that rests after a long one. It tells what it read itself: liveQuery keeps silent about a reading during which
 * something changed, so that a list that always changes would never be seen.
 */
function paced<T>(query: () => Promise<T>, tell: (value: T) => void): () => Promise<void> {
  let restUntil = Number.NEGATIVE_INFINITY
  let newest = 0
  let told = 0
  return async () => {
    const turn = ++newest
    const restMs = restUntil - performance.now()
    // Only Dexie's own promises keep the zone in which liveQuery sees what is read.
    if (restMs > 0) await new Dexie.Promise<void>((resolve) => setTimeout(resolve, restMs))
    if (turn !== newest) return
    const began = performance.now()
    const value = await query()
    const ended = performance.now()
    restUntil = ended + REST_PER_READING * Math.max(0, ended - began - LONG_READING_MS)
    if (turn < told) return
    told = turn
    // Out of liveQuery's zone, in which nobody may write.
    setTimeout(() => tell(value))
  }
}

export interface ReadOptions<Name extends TableName> {
  readonly table: Name
  readonly stored: (database: GuardianDatabase) => Promise<Tables[Name][]>
  /** The same choice for rows in memory. */
  readonly matches: (row: Tables[Name]) => boolean
  readonly compare: (a: Tables[Name], b: Tables[Name]) => number
  readonly limit: number
}

function overlay<Name extends TableName>(
  options: ReadOptions<Name>,
  stored: Tables[Name][],
  memory: Memory,
): Tables[Name][] {
  const above = memory.rows(options.table)
  if (above.size === 0) return stored.slice(0, options.limit)
  const below = stored.filter((row) => !above.has(keyOf(row)))
  const merged = [...below, ...[...above.values()].filter(options.matches)]
  return merged.sort(options.compare).slice(0, options.limit)
}

function diskPorts(database: GuardianDatabase): TablePorts {
  return portsOf((name) => {
    const table = database.table(name)
    return {
      get: async (key) => table.get(key),
      bulkGet: async (keys) => table.bulkGet(keys),
      bulkPut: async (rows) => {
        await table.bulkPut(rows)
      },
      bulkDelete: async (keys) => table.bulkDelete(keys),
    }
  })
}

function portsOf(port: <Name extends TableName>(name: Name) => TablePort<Tables[Name]>): TablePorts {
  return {
    scans: port('scans'),
    cases: port('cases'),
    quiets: port('quiets'),
    devices: port('devices'),
    notes: port('notes'),
    timelines: port('timelines'),
    flowSpans: port('flowSpans'),
    flows: port('flows'),
    flowFeatures: port('flowFeatures'),
    models: port('models'),
    modelFiles: port('modelFiles'),
    promotions: port('promotions'),
    evaluations: port('evaluations'),
    training: port('training'),
    trainingFiles: port('trainingFiles'),
    settings: port('settings'),
    ledger: port('ledger'),
  }
}

const FULL = ['QuotaExceededError']
const REFUSED = [
  'MissingAPIError',
  'OpenFailedError',
  'DatabaseClosedError',
  'InvalidStateError',
  'SecurityError',
  'UnknownError',
  'NotFoundError',
  'VersionError',
  'TimeoutError',
]

/** Why IndexedDB did not take it; undefined when the error is about something else. */
function refusalOf(error: unknown): 'full' | 'refused' | undefined {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error || at instanceof DOMException; at = innerOf(at)) names.push(at.name)
  if (names.some((name) => FULL.includes(name))) return 'full'
  if (names.some((name) => REFUSED.includes(name))) return 'refused'
  return undefined
}

function innerOf(error: Error | DOMException): unknown {
  if (error instanceof Dexie.DexieError && error.inner) return error.inner
  if ('failures' in error && Array.isArray(error.failures)) return error.failures[0]
  return undefined
}

function causeOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? `${error.name}: ${error.message}` : String(error)
}

let current: Store | undefined

/** The store of this context (page or worker), opened when first needed. */
export function store(): Store {
  current ??= new Store({
    channel: typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('guardian-memory'),
  })
  return current
}

/** Puts another store in its place: a test with its own IndexedDB. */
export function useStore(next: Store): void {
  current?.close()
  current = next
}
