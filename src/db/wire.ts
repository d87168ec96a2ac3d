/** What a record of each table must look like when it comes from outside (a backup): read by schema before it is believed. */

import * as v from 'valibot'
import { BOX_PLOT_DETECTOR, MODEL_DETECTOR, RULE_DETECTOR } from '#core/alert/evidence.ts'
import { QUIET_SCOPES } from '#core/alert/quiet.ts'
import { SEVERITIES } from '#core/alert/severity.ts'
import { FILE_KINDS } from '#core/scan/update.ts'
import { MODEL_ROLES, type TableName } from './schema.ts'

const text = v.pipe(v.string(), v.maxLength(100_000))
/** Any number, NaN too: it stands for times and figures that are not known. */
const count = v.custom<number>((value) => typeof value === 'number')
const optionalText = v.optional(text)

const timeline = v.looseObject({
  startMicros: count,
  binMicros: count,
  bins: count,
  lanes: v.array(
    v.looseObject({ device: text, flows: v.array(count), bytes: v.array(count), findings: v.array(count) }),
  ),
})

const progress = v.looseObject({
  bytesRead: count,
  bytesTotal: v.optional(count),
  packets: count,
  rows: count,
  windows: count,
  anomalies: count,
  elapsedMs: count,
})

const summary = v.looseObject({
  file: text,
  kind: v.picklist(FILE_KINDS),
  rows: count,
  skipped: v.record(text, count),
  remarks: v.array(text),
  windows: count,
  anomalies: count,
  percentage: count,
  model: v.looseObject({ name: text, version: text, sha256: text }),
  threshold: count,
  thresholdText: text,
  startMicros: count,
  endMicros: count,
  devices: count,
  cases: count,
  timeline,
  stopped: v.boolean(),
})

const reason = v.looseObject({ feature: text, value: count, typical: count, share: count })

const finding = v.looseObject({
  detector: v.picklist([MODEL_DETECTOR, BOX_PLOT_DETECTOR, RULE_DETECTOR]),
  device: text,
  rows: v.tuple([count, count]),
  startMicros: count,
  endMicros: count,
  score: count,
  threshold: count,
  severity: v.picklist(SEVERITIES),
  reasons: v.array(reason),
})

const caseValue = v.looseObject({
  id: text,
  device: text,
  deviceName: text,
  startMicros: count,
  endMicros: count,
  severity: v.picklist(SEVERITIES),
  title: text,
  usual: text,
  reasons: v.array(reason),
  confidence: v.looseObject({ oneIn: v.optional(count), words: text, text }),
  observations: v.array(v.looseObject({ title: text, text, startMicros: count, techniques: v.array(text) })),
  because: v.array(text),
  harmless: text,
  advice: v.array(text),
  facts: v.looseObject({
    flows: count,
    bytesOut: count,
    bytesIn: count,
    hosts: count,
    newHosts: count,
    peers: v.array(v.looseObject({ address: text, name: text, flows: count, bytes: count, isNew: v.boolean() })),
    ports: v.array(v.looseObject({ port: count, flows: count })),
  }),
  findings: v.array(finding),
  findingCount: count,
})

const device = v.looseObject({
  id: text,
  name: text,
  mac: optionalText,
  vendor: optionalText,
  kind: optionalText,
  addresses: v.array(text),
  firstMicros: count,
  lastMicros: count,
  flows: count,
  bytesOut: count,
  bytesIn: count,
  peers: v.array(v.looseObject({ address: text, name: optionalText, flows: count, bytes: count })),
  peerCount: count,
})

const note = v.looseObject({ id: text, kind: text, device: text, startMicros: count, endMicros: count, text })

const countOrNull = v.nullable(count)

const report = v.looseObject({
  rows: count,
  baseRate: count,
  perClass: v.record(text, v.looseObject({ n: count, recall: count, low: count, high: count })),
  prAuc: countOrNull,
  rocAuc: countOrNull,
  recallAtFpr: v.looseObject({ '0.01': countOrNull, '0.001': countOrNull }),
  falseCasesPerDeviceWeek: countOrNull,
  abstained: count,
  confusion: v.looseObject({
    truePositives: count,
    falsePositives: count,
    trueNegatives: count,
    falseNegatives: count,
  }),
  elapsedMs: count,
})

const owned = { key: text, scanId: text }

const flows = v.pipe(
  v.looseObject({
    ...owned,
    length: count,
    row: v.instance(Float64Array),
    startMicros: v.instance(Float64Array),
    endMicros: v.instance(Float64Array),
    addresses: v.array(text),
    origAddress: v.instance(Int32Array),
    respAddress: v.instance(Int32Array),
    origPort: v.instance(Int32Array),
    respPort: v.instance(Int32Array),
    protocol: v.instance(Int16Array),
    counts: v.instance(Float64Array),
    labels: v.array(text),
    label: v.optional(v.instance(Int32Array)),
    categories: v.array(v.looseObject({ name: text, values: v.array(text), code: v.instance(Int32Array) })),
    deviceIds: v.array(text),
    device: v.instance(Int32Array),
    outward: v.instance(Uint8Array),
  }),
  v.check((record) => {
    const columns = [record.row, record.startMicros, record.endMicros, record.origAddress, record.respAddress]
    const rest = [record.origPort, record.respPort, record.protocol, record.device, record.outward]
    const isWhole = [...columns, ...rest].every((column) => column.length === record.length)
    return isWhole && record.counts.length === record.length * 4
  }, 'columns of one length'),
)

const RECORDS = {
  scans: v.looseObject({
    id: text,
    file: text,
    sizeBytes: v.optional(count),
    demo: v.boolean(),
    startedAt: count,
    finishedAt: v.optional(count),
    state: v.picklist(['running', 'done', 'stopped', 'failed', 'interrupted']),
    progress,
    summary: v.optional(summary),
    error: optionalText,
  }),
  cases: v.looseObject({
    ...owned,
    state: v.picklist(['open', 'acknowledged', 'resolved', 'normal', 'bad', 'quieted']),
    stateNote: optionalText,
    quietedBy: optionalText,
    changedAt: count,
    order: count,
    value: caseValue,
  }),
  quiets: v.looseObject({
    id: text,
    scope: v.picklist(QUIET_SCOPES),
    device: text,
    deviceName: text,
    signs: v.array(text),
    reasons: v.array(text),
    ports: v.array(count),
    peer: optionalText,
    severity: v.picklist(SEVERITIES),
    createdAt: count,
    expiresAt: v.optional(count),
  }),
  devices: v.looseObject({ ...owned, value: device }),
  notes: v.looseObject({ ...owned, value: note }),
  timelines: v.looseObject({ ...owned, timeline }),
  flowSpans: v.looseObject({
    ...owned,
    length: count,
    firstRow: count,
    lastRow: count,
    firstMicros: count,
    lastMicros: count,
    devices: v.record(text, count),
  }),
  flows,
  flowFeatures: v.looseObject({ ...owned, features: v.instance(Float32Array) }),
  models: v.looseObject({
    id: text,
    name: text,
    version: text,
    kind: text,
    source: v.picklist(['trained', 'imported']),
    manifest: v.unknown(),
    card: text,
    files: v.array(v.looseObject({ path: text, sizeBytes: count, sha256: text })),
    dataHash: optionalText,
    parent: optionalText,
    createdAt: count,
  }),
  modelFiles: v.looseObject({ key: text, modelId: text, path: text, bytes: v.instance(Uint8Array) }),
  promotions: v.looseObject({
    key: text,
    role: v.picklist(MODEL_ROLES),
    modelId: text,
    name: text,
    version: text,
    at: count,
    reason: text,
    rolledBackAt: v.optional(count),
  }),
  evaluations: v.looseObject({ key: text, modelId: text, file: text, at: count, report }),
  settings: v.looseObject({ name: text, value: v.unknown() }),
} as const satisfies Partial<Record<TableName, unknown>>

/** Tables that a backup holds; the ledger is about this browser alone. */
export const BACKUP_TABLES = [
  'settings',
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
] as const satisfies readonly (keyof typeof RECORDS)[]

export type BackupTable = (typeof BACKUP_TABLES)[number]

export function isBackupTable(name: string): name is BackupTable {
  return (BACKUP_TABLES as readonly string[]).includes(name)
}

/** Undefined when the record fits its table, else where it does not. */
export function misfitOf(table: BackupTable, record: unknown): string | undefined {
  const result = v.safeParse<v.GenericSchema>(RECORDS[table], record)
  const [issue] = result.issues ?? []
  return issue && `${table}: ${v.getDotPath(issue) ?? ''} ${issue.message}`
}
