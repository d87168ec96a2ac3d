/** History and cases for other programs: CSV for spreadsheets, JSON for the rest. Times are ISO 8601 in UTC. */
import type { Case } from '../alert/case.ts'
import type { ScanSummary } from '../scan/update.ts'
import { writeCsv } from './csv.ts'

export interface ExportedScan {
  readonly id: string
  readonly file: string
  readonly sizeBytes: number | undefined
  /** ms since 1970, as is finishedAt. */
  readonly startedAt: number
  readonly finishedAt?: number | undefined
  readonly state: string
  readonly error?: string | undefined
  readonly summary?: ScanSummary | undefined
}

export interface ExportedCase {
  readonly scanId: string
  readonly state: string
  readonly stateNote?: string | undefined
  readonly value: Case
}

const HISTORY_HEAD = [
  'scan',
  'file',
  'kind',
  'state',
  'started',
  'finished',
  'size_bytes',
  'first',
  'last',
  'rows',
  'skipped',
  'devices',
  'samples',
  'anomalies',
  'percentage',
  'cases',
  'model',
  'model_version',
  'threshold',
  'threshold_text',
  'problem',
] as const

const CASES_HEAD = [
  'scan',
  'case',
  'severity',
  'state',
  'note',
  'device',
  'device_name',
  'first',
  'last',
  'title',
  'usual',
  'harmless',
  'reason_1',
  'reason_2',
  'reason_3',
  'flows',
  'bytes_out',
  'bytes_in',
  'hosts',
  'new_hosts',
  'findings',
] as const

export function historyCsv(scans: readonly ExportedScan[]): string {
  const rows = scans.map(({ id, file, state, startedAt, finishedAt, sizeBytes, error, summary }) => [
    id,
    file,
    summary?.kind,
    state,
    isoMillis(startedAt),
    isoMillis(finishedAt),
    sizeBytes,
    isoMicros(summary?.startMicros),
    isoMicros(summary?.endMicros),
    summary?.rows,
    summary && Object.values(summary.skipped).reduce((sum, count) => sum + count, 0),
    summary?.devices,
    summary?.windows,
    summary?.anomalies,
    summary?.percentage,
    summary?.cases,
    summary?.model.name,
    summary?.model.version,
    summary?.threshold,
    summary?.thresholdText,
    error,
  ])
  return writeCsv(HISTORY_HEAD, rows)
}

export function casesCsv(cases: readonly ExportedCase[]): string {
  const rows = cases.map(({ scanId, state, stateNote, value }) => {
    const reason = (at: number) => {
      const found = value.reasons[at]
      return found && `${found.feature}: ${found.value} (typical ${found.typical}, share ${found.share.toFixed(2)})`
    }
    return [
      scanId,
      value.id,
      value.severity,
      state,
      stateNote,
      value.device,
      value.deviceName,
      isoMicros(value.startMicros),
      isoMicros(value.endMicros),
      value.title,
      value.usual,
      value.harmless,
      reason(0),
      reason(1),
      reason(2),
      value.facts.flows,
      value.facts.bytesOut,
      value.facts.bytesIn,
      value.facts.hosts,
      value.facts.newHosts,
      value.findingCount,
    ]
  })
  return writeCsv(CASES_HEAD, rows)
}

/** Everything that is known of the scans and their cases, indented. Numbers that JSON cannot write (NaN) become null. */
export function historyJson(scans: readonly ExportedScan[], cases: readonly ExportedCase[]): string {
  const withCases = scans.map((scan) => ({
    ...scan,
    cases: cases
      .filter((record) => record.scanId === scan.id)
      .map(({ state, stateNote, value }) => ({ state, stateNote, ...value })),
  }))
  return `${JSON.stringify({ format: 'iot-guardian-history/1', scans: withCases }, undefined, 2)}\n`
}

function isoMillis(millis: number | undefined): string | undefined {
  if (millis === undefined || !Number.isFinite(millis) || Math.abs(millis) > 8.64e15) return undefined
  return new Date(millis).toISOString()
}

/** Whole microseconds: 2026-11-21T03:10:00.123456Z. */
function isoMicros(micros: number | undefined): string | undefined {
  if (micros === undefined) return undefined
  const millis = Math.floor(micros / 1000)
  const rest = String(Math.floor(micros - millis * 1000)).padStart(3, '0')
  return isoMillis(millis)?.replace('Z', `${rest}Z`)
}
