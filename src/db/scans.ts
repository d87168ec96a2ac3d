/** Scans: begun, fed and ended by the worker; watched, deleted and brought back by the pages. */
import type { Timeline, TimelineLane } from '#core/scan/timeline.ts'
import type { ScanProgress, ScanSummary, ScanUpdate } from '#core/scan/update.ts'
import { caseRecords } from './case-records.ts'
import { flowRecords } from './flow-records.ts'
import { bytesOf } from './memory.ts'
import { readQuiets } from './quiets.ts'
import { SCAN_TABLES, type ScanRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

export interface ScannedFile {
  readonly file: string
  readonly sizeBytes: number | undefined
  readonly demo: boolean
}

const EMPTY_PROGRESS: ScanProgress = {
  bytesRead: 0,
  bytesTotal: undefined,
  packets: 0,
  rows: 0,
  windows: 0,
  anomalies: 0,
  elapsedMs: 0,
}

/** How long a deletion can be taken back while the disk is full. */
const UNDO_WHEN_FULL_MS = 15_000

const locks = new Map<string, () => void>()
const nextBatch = new Map<string, number>()

/** Writes the scan and holds its lock until it ends, so that other tabs know that it lives. Resolves to its id. */
export async function startScan(file: ScannedFile): Promise<string> {
  const startedAt = Date.now()
  const id = `${startedAt.toString(36).padStart(9, '0')}-${crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)}`
  await holdLock(id)
  const record: ScanRecord = {
    id,
    ...file,
    startedAt,
    state: 'running',
    progress: { ...EMPTY_PROGRESS, bytesTotal: file.sizeBytes },
  }
  await store().write(['scans'], 'strict', (tables) => tables.scans.bulkPut([record]))
  nextBatch.set(id, 0)
  return id
}

/**
 * Stores one step of a scan. Flows first (they can be read from the file again), then cases, devices, notes and progress in one
 * strict transaction: when this resolves they survive a crash. Awaiting it is the worker's back-pressure.
 */
export async function appendUpdate(scanId: string, update: ScanUpdate): Promise<void> {
  let notKept = 0
  for (const flows of update.flows) {
    if (flows.batch.length === 0) continue
    const sequence = nextBatch.get(scanId) ?? 0
    nextBatch.set(scanId, sequence + 1)
    const records = flowRecords({ scanId, sequence, flows })
    const bytes = bytesOf(records.flow) + bytesOf(records.features)
    let kept = true
    await store().write(['flowSpans', 'flows', 'flowFeatures'], 'relaxed', async (tables) => {
      kept = store().memory.state.value === undefined || store().memory.hasRoomFor(bytes)
      if (!kept) return
      await tables.flows.bulkPut([records.flow])
      if (records.features) await tables.flowFeatures.bulkPut([records.features])
      await tables.flowSpans.bulkPut([records.span])
    })
    if (!kept) notKept += flows.batch.length
  }
  const durability = update.cases.length > 0 || update.notes.length > 0 ? 'strict' : 'relaxed'
  const { timeline, ...progress } = update.progress
  const quiets = update.cases.length > 0 ? await readQuiets() : []
  await store().write(['scans', 'cases', 'devices', 'notes', 'timelines'], durability, async (tables) => {
    const scan = await requireScan(tables.scans, scanId)
    const flowsNotKept = (scan.flowsNotKept ?? 0) + notKept
    await tables.scans.bulkPut([{ ...scan, progress, ...(flowsNotKept > 0 ? { flowsNotKept } : undefined) }])
    if (timeline) await tables.timelines.bulkPut([{ key: scanId, scanId, timeline }])
    await tables.cases.bulkPut(
      await caseRecords({ scanId, cases: update.cases, table: tables.cases, quiets, now: Date.now() }),
    )
    await tables.devices.bulkPut(update.devices.map((value) => ({ key: `${scanId}/${value.id}`, scanId, value })))
    await tables.notes.bulkPut(update.notes.map((value) => ({ key: `${scanId}/${value.id}`, scanId, value })))
  })
}

export async function finishScan(scanId: string, summary: ScanSummary): Promise<void> {
  const { timeline } = summary
  await store().write(['timelines'], 'strict', (tables) =>
    tables.timelines.bulkPut([{ key: scanId, scanId, timeline }]),
  )
  const brief = { ...summary, timeline: sumLanes(timeline) }
  await endScan(scanId, (scan) => ({ ...scan, state: summary.stopped ? 'stopped' : 'done', summary: brief }))
}

/** `sentence` is for the person: what happened and what was expected. What was found so far stays. */
export async function failScan(scanId: string, sentence: string): Promise<void> {
  await endScan(scanId, (scan) => ({ ...scan, state: 'failed', error: sentence }))
}

async function endScan(scanId: string, change: (scan: ScanRecord) => ScanRecord): Promise<void> {
  const finishedAt = Date.now()
  await store().write(['scans'], 'strict', async (tables) => {
    const scan = await requireScan(tables.scans, scanId)
    await tables.scans.bulkPut([{ ...change(scan), finishedAt }])
  })
  nextBatch.delete(scanId)
  locks.get(scanId)?.()
  locks.delete(scanId)
}

/** Call on page start: scans that say running but whose worker is gone (its lock is free) become interrupted. Resolves to their ids. */
export async function markInterrupted(manager: LockManager | undefined = navigator.locks): Promise<string[]> {
  const snapshot = await manager?.query()
  const held = new Set((snapshot?.held ?? []).map((lock) => lock.name))
  return store().write(['scans'], 'strict', async (tables) => {
    const running = await store().readDisk((d) => d.scans.where('state').equals('running').toArray(), [])
    const dead = running.filter((scan) => !held.has(lockName(scan.id)) && !store().memory.rows('scans').has(scan.id))
    await tables.scans.bulkPut(dead.map((scan) => ({ ...scan, state: 'interrupted' as const, finishedAt: Date.now() })))
    return dead.map((scan) => scan.id)
  })
}

/** The newest first, without those being deleted; their timelines have one lane for all devices. */
export function watchScans(limit: number): Watch<ScanRecord[]> {
  return store().watch({
    table: 'scans',
    stored: (database) =>
      database.scans
        .orderBy('startedAt')
        .reverse()
        .filter((scan) => scan.deletedAt === undefined)
        .limit(limit)
        .toArray(),
    matches: (scan) => scan.deletedAt === undefined,
    compare: (a, b) => b.startedAt - a.startedAt,
    limit,
  })
}

/** Scans whose deletion can still be taken back, the last deleted first. */
export function watchDeleted(limit: number): Watch<ScanRecord[]> {
  return store().watch({
    table: 'scans',
    stored: (database) => database.scans.where('deletedAt').above(0).reverse().limit(limit).toArray(),
    matches: (scan) => scan.deletedAt !== undefined,
    compare: (a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0),
    limit,
  })
}

/** `null` when there is no such scan. */
export function watchScan(id: string): Watch<ScanRecord | null> {
  return store().watchQuery(() => readScan(id))
}

export async function readScan(id: string): Promise<ScanRecord | null> {
  const [scan] = await store().getMany('scans', [id])
  if (!scan) return null
  const [record] = await store().getMany('timelines', [id])
  if (!record) return scan
  const { timeline } = record
  const progress = { ...scan.progress, timeline }
  return { ...scan, progress, ...(scan.summary ? { summary: { ...scan.summary, timeline } } : undefined) }
}

/** Hides the scans and all that belongs to them; `undoDelete` brings them back until `purgeDeleted` has run. */
export async function deleteScans(ids: readonly string[], now = Date.now()): Promise<void> {
  await changeScans(ids, (scan) => ({ ...scan, deletedAt: now }))
  // With no room left a deletion is there to make some: undo is then possible for a moment only.
  if (store().memory.state.value?.reason === 'full') setTimeout(() => void purgeDeleted(now + 1), UNDO_WHEN_FULL_MS)
}

export async function undoDelete(ids: readonly string[]): Promise<void> {
  await changeScans(ids, ({ deletedAt: _, ...scan }) => scan)
}

async function changeScans(ids: readonly string[], change: (scan: ScanRecord) => ScanRecord): Promise<void> {
  await store().write(['scans'], 'strict', async (tables) => {
    const found = await tables.scans.bulkGet([...ids])
    await tables.scans.bulkPut(found.filter((scan) => scan !== undefined).map(change))
  })
}

/** Removes for good what was deleted before `before` (ms), with its cases, devices, notes and flows. Call on page start. */
export async function purgeDeleted(before: number): Promise<number> {
  const onDisk = await store().readDisk((d) => d.scans.where('deletedAt').below(before).primaryKeys(), [])
  const inMemory = [...store().memory.rows('scans').values()].filter((scan) => (scan.deletedAt ?? Infinity) < before)
  const ids = [...new Set([...onDisk, ...inMemory.map((scan) => scan.id)])]
  for (const id of ids) {
    for (const table of SCAN_TABLES) {
      const stored = await store().readDisk((d) => d.table(table).where('scanId').equals(id).primaryKeys(), [])
      const held = [...store().memory.rows(table).values()].filter((row) => row.scanId === id).map((row) => row.key)
      await store().remove(table, [...new Set([...stored.map(String), ...held])])
    }
    await store().remove('scans', [id])
  }
  // Room was made: what waits in memory may fit now.
  if (ids.length > 0) await store().flushMemory()
  return ids.length
}

/** Ids of scans that are hidden because their deletion can still be undone. */
export async function hiddenScanIds(): Promise<Set<string>> {
  const stored = await store().readDisk((d) => d.scans.where('deletedAt').above(0).primaryKeys(), [])
  const hidden = new Set(stored)
  for (const scan of store().memory.rows('scans').values()) {
    if (scan.deletedAt === undefined) hidden.delete(scan.id)
    else hidden.add(scan.id)
  }
  return hidden
}

/** One lane that stands for all. */
function sumLanes(timeline: Timeline): Timeline {
  const sum = (pick: (lane: TimelineLane) => readonly number[]) =>
    Array.from({ length: timeline.bins }, (_, bin) =>
      timeline.lanes.reduce((total, lane) => total + (pick(lane)[bin] ?? 0), 0),
    )
  const lane = { device: '', flows: sum((l) => l.flows), bytes: sum((l) => l.bytes), findings: sum((l) => l.findings) }
  return { ...timeline, lanes: timeline.lanes.length > 0 ? [lane] : [] }
}

async function requireScan(
  table: { get(key: string): Promise<ScanRecord | undefined> },
  scanId: string,
): Promise<ScanRecord> {
  const scan = await table.get(scanId)
  if (!scan) throw new Error(`scan ${scanId} was removed while it ran`)
  return scan
}

function lockName(scanId: string): string {
  return `guardian-scan-${scanId}`
}

/** Resolves once the lock is held; it is let go by `endScan` or by the end of this context. */
function holdLock(scanId: string): Promise<void> {
  const manager = navigator.locks as LockManager | undefined
  if (!manager) return Promise.resolve()
  return new Promise((resolve, reject) => {
    manager
      .request(lockName(scanId), () => {
        resolve()
        return new Promise<void>((release) => locks.set(scanId, release))
      })
      .catch(reject)
  })
}

/** The newest first, without those being deleted. */
export async function readScans(
  fits: (scan: ScanRecord) => boolean,
  limit = Number.POSITIVE_INFINITY,
): Promise<ScanRecord[]> {
  const hidden = await hiddenScanIds()
  const matches = (scan: ScanRecord) => fits(scan) && !hidden.has(scan.id)
  return store().read({
    table: 'scans',
    stored: ({ scans }) => scans.orderBy('startedAt').reverse().filter(matches).limit(limit).toArray(),
    matches,
    compare: (a, b) => b.startedAt - a.startedAt,
    limit,
  })
}
