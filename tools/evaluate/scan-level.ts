/** What the whole product shows of each capture: the table of tools/evaluate-scan.ts, and what it leaves unsaid of the claims. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const SCAN_TITLE = 'Whole captures: cases that a person sees'
const SCRIPT = fileURLToPath(new URL('../evaluate-scan.ts', import.meta.url))

/** Markdown. Throws when the scan could not run. */
export function summarizeScan(folder: string): string {
  console.log('scanning whole captures, a minute or two')
  const done = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8', maxBuffer: 1 << 24 })
  if (done.status !== 0) throw new Error(`tools/evaluate-scan.ts failed: ${done.stderr}`)
  const lines = done.stdout.trim().split('\n')
  const [heads = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const read = (row: readonly string[], head: string) => row[heads.indexOf(head)] ?? ''
  const timed = rows.filter((row) => Number.isFinite(Number(read(row, 'device-days'))))
  const malicious = timed.filter((row) => Number(read(row, 'attack flows')) > 0)
  const silent = malicious.filter((row) => Number(read(row, 'cases shown')) === 0).map((row) => read(row, 'file'))
  const benign = timed.filter((row) => Number(read(row, 'attack flows')) === 0)
  const falseCases = benign.reduce((sum, row) => sum + Number.parseInt(read(row, 'false cases shown'), 10), 0)
  const weeks = benign.reduce((sum, row) => sum + Number(read(row, 'device-days')), 0) / 7
  const raised = `${malicious.length - silent.length} of ${malicious.length} malicious captures raise a case`
  return [
    'The shipped models, rules and baseline together, as `guardian scan` and the page run them; nothing is trained on these captures here (docs/detection.md says which of them shipped models learnt from).',
    '',
    ...lines,
    '',
    `- ${raised}${silent.length > 0 ? `; none from ${silent.join(', ')}` : ''}.`,
    `- False cases: ${falseCases} in ${weeks.toFixed(1)} device-weeks of benign captures: ${(falseCases / weeks).toFixed(2)} a device-week.`,
  ].join('\n')
}
