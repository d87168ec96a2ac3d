/** A scan's result as JSON: what the command line prints and the relay keeps. Times are ISO 8601; null where the source has none. */
import type { Case } from '../alert/case.ts'
import { severityRank } from '../alert/severity.ts'
import type { ScanResult } from '../scan/result.ts'

export function scanJson({ summary, cases, devices, notes }: ScanResult) {
  const { file, kind, rows, skipped, windows, model, threshold, thresholdText, anomalies, percentage } = summary
  return {
    file,
    kind,
    rows,
    skipped,
    remarks: summary.remarks,
    windows,
    devices: devices.map(({ id, name, addresses, mac, vendor, flows, bytesOut, bytesIn }) => ({
      id,
      name,
      addresses,
      mac: mac ?? null,
      vendor: vendor ?? null,
      flows,
      bytes: bytesOut + bytesIn,
    })),
    model,
    threshold,
    thresholdText,
    anomalies,
    percentage,
    baseline: summary.baseline,
    cases: orderCases(cases).map(caseJson),
    notes: notes.map(({ kind: noteKind, device, startMicros, endMicros, text }) => ({
      kind: noteKind,
      device,
      start: isoTime(startMicros),
      end: isoTime(endMicros),
      text,
    })),
    elapsedMs: summary.elapsedMs,
  }
}

function caseJson(found: Case) {
  const { id, device, deviceName, severity, title, usual, harmless, advice, reasons, confidence, because } = found
  return {
    id,
    device,
    deviceName,
    start: isoTime(found.startMicros),
    end: isoTime(found.endMicros),
    severity,
    title,
    usual,
    harmless,
    advice,
    because,
    observations: found.observations.map(({ title: name, text, startMicros, techniques }) => ({
      title: name,
      text,
      start: isoTime(startMicros),
      techniques,
    })),
    confidence,
    reasons,
    findingCount: found.findingCount,
    findings: found.findings.map((finding) => ({
      detector: finding.detector,
      rows: finding.rows,
      start: isoTime(finding.startMicros),
      end: isoTime(finding.endMicros),
      score: finding.score,
      threshold: finding.threshold,
      severity: finding.severity,
    })),
  }
}

/** The loudest first, then by time. */
export function orderCases(cases: readonly Case[]): Case[] {
  return [...cases].sort(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) || a.startMicros - b.startMicros || a.id.localeCompare(b.id),
  )
}

function isoTime(micros: number): string | null {
  return Number.isFinite(micros) ? new Date(micros / 1000).toISOString() : null
}
