/** A scan's result as one JSON line, and as text for a terminal. Times are ISO 8601; null where the source has none. */
import type { Case } from '#core/alert/case.ts'
import { severityRank } from '#core/alert/severity.ts'
import { formatBytes, formatCount, formatNumber, plural } from '#core/base/format.ts'
import type { ScanResult } from './scan.ts'

const MARKS = { critical: '●', high: '▲', medium: '◆', low: '○' } as const

export function reportJson({ summary, cases, devices, notes }: ScanResult): string {
  const { file, kind, rows, skipped, windows, model, threshold, thresholdText, anomalies, percentage } = summary
  return JSON.stringify({
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
    cases: ordered(cases).map(caseJson),
    notes: notes.map(({ kind: noteKind, device, startMicros, endMicros, text }) => ({
      kind: noteKind,
      device,
      start: isoTime(startMicros),
      end: isoTime(endMicros),
      text,
    })),
    elapsedMs: summary.elapsedMs,
  })
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

export function reportText({ summary, cases, devices, notes }: ScanResult): string {
  const lines = [
    `${summary.file}: ${summary.kind}, ${plural(summary.rows, 'flow')}, ${plural(devices.length, 'device')}`,
    ...summary.remarks.map((remark) => `  ${remark}`),
    ...Object.entries(summary.skipped).map(([reason, count]) => `  not used: ${formatCount(count)} × ${reason}`),
    '',
  ]
  if (cases.length === 0) lines.push(`Nothing unusual in ${plural(devices.length, 'device')}.`)
  for (const found of ordered(cases)) {
    lines.push(`${MARKS[found.severity]} ${found.severity.toUpperCase()}  ${found.title} ${found.usual}`)
    for (const { title, text, techniques } of found.observations)
      lines.push(`    ${title} (${techniques.join(', ')}): ${text}`)
    for (const { feature, value, typical } of found.reasons.slice(0, 3)) {
      const write = feature.includes('bytes') ? formatBytes : formatNumber
      lines.push(`    ${feature}: ${write(value)}, usually ${write(typical)}`)
    }
    lines.push(`    It could also be: ${found.harmless}`)
    found.advice.forEach((step, i) => {
      lines.push(`    ${i + 1}. ${step}`)
    })
    lines.push('')
  }
  for (const { text } of notes) lines.push(`· ${text}`)
  lines.push(
    `${formatCount(summary.anomalies)} of ${formatCount(summary.windows)} windows are unusual (${summary.percentage.toFixed(2)} %). ${summary.thresholdText}`,
    `Model ${summary.model.name} ${summary.model.version}, ${(summary.elapsedMs.total / 1000).toFixed(2)} s. Nothing was sent anywhere.`,
  )
  return lines.join('\n')
}

function ordered(cases: readonly Case[]): Case[] {
  return [...cases].sort(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) || a.startMicros - b.startMicros || a.id.localeCompare(b.id),
  )
}

function isoTime(micros: number): string | null {
  return Number.isFinite(micros) ? new Date(micros / 1000).toISOString() : null
}
