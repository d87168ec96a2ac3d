/** A scan's result as text for a terminal. */
import { formatBytes, formatCount, formatNumber, plural } from '#core/base/format.ts'
import { orderCases } from '#core/report/scan-json.ts'
import type { ScanResult } from '#core/scan/result.ts'

const MARKS = { critical: '●', high: '▲', medium: '◆', low: '○' } as const

export function reportText({ summary, cases, devices, notes }: ScanResult): string {
  const lines = [
    `${summary.file}: ${summary.kind}, ${plural(summary.rows, 'flow')}, ${plural(devices.length, 'device')}`,
    ...summary.remarks.map((remark) => `  ${remark}`),
    ...Object.entries(summary.skipped).map(([reason, count]) => `  not used: ${formatCount(count)} × ${reason}`),
    '',
  ]
  if (cases.length === 0) lines.push(`Nothing unusual in ${plural(devices.length, 'device')}.`)
  for (const found of orderCases(cases)) {
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
