/** What is stored in IndexedDB, and how its shape has changed. Times named `…At` are milliseconds since 1970 of the wall clock. */
import Dexie, { type EntityTable } from 'dexie'
import type { Case } from '#core/alert/case.ts'
import type { Quiet } from '#core/alert/quiet.ts'
import { severityRank } from '#core/alert/severity.ts'
import type { TrainingCheckpoint } from '#core/detect/training.ts'
import type { Device, Note } from '#core/device/device.ts'
import type { Drift } from '#core/evaluate/drift.ts'
import type { EvalResult } from '#core/evaluate/result.ts'
import type { ModelKind } from '#core/model/folder-manifest.ts'
import type { Timeline } from '#core/scan/timeline.ts'
import type { ScanProgress, ScanSummary } from '#core/scan/update.ts'

export const DATABASE_NAME = 'iot-guardian'

/** What a person is told of a drift (core/evaluate/drift.ts). */
export type DriftNote = Pick<Drift, 'since' | 'device' | 'cause'> & {
  /** ms since 1970; set when a person has put it away. */
  readonly seenAt?: number
}

export type ScanState = 'running' | 'done' | 'stopped' | 'failed' | 'interrupted'

export interface ScanRecord {
  id: string
  file: string
  sizeBytes: number | undefined
  demo: boolean
  startedAt: number
  finishedAt?: number
  state: ScanState
  /** Without its timeline in lists of scans. */
  progress: ScanProgress
  /** Its timeline has one lane for all devices in lists of scans, and each device's in `readScan` and `watchScan`. */
  summary?: ScanSummary
  /** A sentence for the person: why it failed. */
  error?: string
  /** Set while a deletion can be undone. */
  deletedAt?: number
  /** Flows that found no room, neither on disk nor in memory; their cases are kept. */
  flowsNotKept?: number
  /** What moved since the scans before; see drift.ts. */
  drift?: DriftNote
}

/**
 * `normal` and `bad` are what a person says it was: models learn and are measured by them. `quieted` is no more than what was called normal
 * before (core/alert/quiet.ts).
 */
export type CaseState = 'open' | 'acknowledged' | 'resolved' | 'normal' | 'bad' | 'quieted'

export interface CaseRecord {
  /** `scanId/case.id` */
  key: string
  scanId: string
  state: CaseState
  stateNote?: string
  /** The id of what quieted it, while its state is `quieted`; of what it quiets, while it is `normal`. */
  quietedBy?: string
  changedAt: number
  /** Loudest and newest have the highest; see `orderOf`. */
  order: number
  value: Case
}

export interface DeviceRecord {
  /** `scanId/device.id` */
  key: string
  scanId: string
  value: Device
}

export interface NoteRecord {
  /** `scanId/note.id` */
  key: string
  scanId: string
  value: Note
}

/** The lanes of all devices, apart from the scan: a list of scans would read megabytes with each. */
export interface TimelineRecord {
  /** The scan's id. */
  key: string
  scanId: string
  timeline: Timeline
}

/** What one stored batch of flows holds, so that readers skip the ones they do not need. */
export interface FlowSpanRecord {
  /** `scanId/sequence`, in the order of arrival. */
  key: string
  scanId: string
  length: number
  firstRow: number
  lastRow: number
  /** NaN without times. */
  firstMicros: number
  lastMicros: number
  /** Rows by device id. */
  devices: Record<string, number>
}

/** The columns of one batch; see core/flow/batch.ts for each. */
export interface FlowRecord {
  key: string
  scanId: string
  length: number
  row: Float64Array
  startMicros: Float64Array
  endMicros: Float64Array
  addresses: readonly string[]
  origAddress: Int32Array
  respAddress: Int32Array
  origPort: Int32Array
  respPort: Int32Array
  protocol: Int16Array
  counts: Float64Array
  labels: readonly string[]
  label: Int32Array | undefined
  categories: readonly { name: string; values: readonly string[]; code: Int32Array }[]
  deviceIds: readonly string[]
  device: Int32Array
  /** Per row: 1 where the device is the originator. */
  outward: Uint8Array
}

/** The 78 features beside a batch, apart because most readers do not want them; single precision shows 7 digits and halves the disk. */
export interface FlowFeaturesRecord {
  key: string
  scanId: string
  /** length × 78 */
  features: Float32Array
}

/** What a scan asks a model for; one model fills a role at a time. */
export const MODEL_ROLES = ['judge'] as const
export type ModelRole = (typeof MODEL_ROLES)[number]

/** A model of this home: trained here or brought by a file. The shipped ones are files of the site and have no record. */
export interface ModelRecord {
  /** From the hashes of its files: the same model twice is one record. */
  id: string
  name: string
  version: string
  kind: string
  source: 'trained' | 'imported'
  /** manifest.json, as it came. */
  manifest: unknown
  /** Markdown. */
  card: string
  /** The bytes are in `modelFiles`: lists do not read them. */
  files: readonly { readonly path: string; readonly sizeBytes: number; readonly sha256: string }[]
  /** SHA-256 of what it learnt from; undefined when its maker did not say. */
  dataHash: string | undefined
  /** `name version` of the model that it takes after. */
  parent: string | undefined
  createdAt: number
  /** Set while a deletion can be undone. */
  deletedAt?: number
}

export interface ModelFileRecord {
  /** `modelId/path` */
  key: string
  modelId: string
  path: string
  bytes: Uint8Array
}

/** One line of the log of who took over when. */
export interface PromotionRecord {
  /** Rises with time. */
  key: string
  role: ModelRole
  modelId: string
  /** As it was called then: the log outlives the model. */
  name: string
  version: string
  at: number
  /** Why: the verdict of the comparison, or that there was none. */
  reason: string
  rolledBackAt?: number
}

/** What a model was seen to do on a labelled file. */
export interface EvaluationRecord {
  key: string
  modelId: string
  file: string
  at: number
  report: EvalResult
}

/** A training that was interrupted, with what it needs to go on. At most one. */
export interface TrainingRecord {
  key: string
  kind: ModelKind
  name: string
  seed: number
  label: { readonly column: string; readonly benign: string } | undefined
  files: readonly { readonly name: string; readonly sizeBytes: number }[]
  checkpoint: TrainingCheckpoint
  savedAt: number
}

/** The files of the training, apart because they would be written anew with each checkpoint. */
export interface TrainingFilesRecord {
  key: string
  contents: readonly Blob[]
}

export interface SettingRecord {
  name: string
  value: unknown
}

export interface LedgerRecord {
  key: string
  at: number
  kind: 'request' | 'blocked'
  url: string
  /** Same origin as the page. */
  own: boolean
  /** What asked: script, fetch, img … or the directive that blocked it. */
  initiator: string
  /** Bytes that crossed the network; 0 when it came from a cache. */
  bytes: number
  by: 'page' | 'worker' | 'service-worker'
}

export interface Tables {
  scans: ScanRecord
  cases: CaseRecord
  quiets: Quiet
  devices: DeviceRecord
  notes: NoteRecord
  timelines: TimelineRecord
  flowSpans: FlowSpanRecord
  flows: FlowRecord
  flowFeatures: FlowFeaturesRecord
  models: ModelRecord
  modelFiles: ModelFileRecord
  promotions: PromotionRecord
  evaluations: EvaluationRecord
  training: TrainingRecord
  trainingFiles: TrainingFilesRecord
  settings: SettingRecord
  ledger: LedgerRecord
}

export type TableName = keyof Tables

/** The primary key of a record of any table. */
export function keyOf(record: Tables[TableName]): string {
  if ('id' in record) return record.id
  return 'key' in record ? record.key : record.name
}

export const TABLE_NAMES = [
  'scans',
  'cases',
  'quiets',
  'devices',
  'notes',
  'timelines',
  'flowSpans',
  'flows',
  'flowFeatures',
  'models',
  'modelFiles',
  'promotions',
  'evaluations',
  'training',
  'trainingFiles',
  'settings',
  'ledger',
] as const satisfies readonly TableName[]

/** Tables whose records belong to one scan and go with it. */
export const SCAN_TABLES = ['cases', 'devices', 'notes', 'timelines', 'flowSpans', 'flows', 'flowFeatures'] as const

/** Orders cases: first by severity, then by time; 1e17 µs is later than any time in a capture (year 5138). */
export function orderOf(value: Case): number {
  const time = Number.isFinite(value.startMicros) ? Math.max(0, Math.min(value.startMicros, 9e16)) : 0
  return severityRank(value.severity) * 1e17 + time
}

export type Durability = 'strict' | 'relaxed'

export interface IndexedDbParts {
  readonly indexedDB: IDBFactory
  readonly IDBKeyRange: typeof globalThis.IDBKeyRange
}

export class GuardianDatabase extends Dexie {
  declare scans: EntityTable<ScanRecord, 'id'>
  declare cases: EntityTable<CaseRecord, 'key'>
  declare quiets: EntityTable<Quiet, 'id'>
  declare devices: EntityTable<DeviceRecord, 'key'>
  declare notes: EntityTable<NoteRecord, 'key'>
  declare timelines: EntityTable<TimelineRecord, 'key'>
  declare flowSpans: EntityTable<FlowSpanRecord, 'key'>
  declare flows: EntityTable<FlowRecord, 'key'>
  declare flowFeatures: EntityTable<FlowFeaturesRecord, 'key'>
  declare models: EntityTable<ModelRecord, 'id'>
  declare modelFiles: EntityTable<ModelFileRecord, 'key'>
  declare promotions: EntityTable<PromotionRecord, 'key'>
  declare evaluations: EntityTable<EvaluationRecord, 'key'>
  declare training: EntityTable<TrainingRecord, 'key'>
  declare trainingFiles: EntityTable<TrainingFilesRecord, 'key'>
  declare settings: EntityTable<SettingRecord, 'name'>
  declare ledger: EntityTable<LedgerRecord, 'key'>

  constructor(durability: Durability, parts?: IndexedDbParts) {
    super(DATABASE_NAME, { chromeTransactionDurability: durability, cache: 'disabled', ...parts })
    // A change of shape is a new version with an upgrade function; older blocks stay, so that any stored version can be read.
    this.version(1).stores({
      scans: 'id, startedAt, state, deletedAt',
      cases: 'key, scanId, order, [scanId+order]',
      devices: 'key, scanId',
      notes: 'key, scanId',
      timelines: 'key, scanId',
      flowSpans: 'key, scanId',
      flows: 'key, scanId',
      flowFeatures: 'key, scanId',
      settings: 'name',
      ledger: 'key, at',
    })
    // Models came; what version 1 holds stays as it is.
    this.version(2).stores({
      models: 'id, createdAt, deletedAt',
      modelFiles: 'key, modelId',
      promotions: 'key, role',
      evaluations: 'key, modelId, at',
    })
    // The training that was interrupted.
    this.version(3).stores({ training: 'key', trainingFiles: 'key' })
    // What was called normal, and for how long.
    this.version(4).stores({ quiets: 'id, createdAt' })
  }
}
