/** One line on stderr that follows a scan; only on a terminal. */
import { formatBytes, formatCount } from '#core/base/format.ts'
import type { ScanProgress } from '#core/scan/update.ts'

const BAR_WIDTH = 24
const EVERY_MS = 100

export class ProgressBar {
  #shownMs = 0
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  show({ bytesRead, bytesTotal, rows, anomalies, elapsedMs }: ScanProgress): void {
    if (!process.stderr.isTTY || elapsedMs - this.#shownMs < EVERY_MS) return
    this.#shownMs = elapsedMs
    const share = bytesTotal ? Math.min(1, bytesRead / bytesTotal) : 0
    const full = Math.round(share * BAR_WIDTH)
    const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
    const speed = formatBytes((1000 * bytesRead) / Math.max(1, elapsedMs))
    const text = `${this.#name} ${bar} ${Math.round(100 * share)} % · ${speed}/s · ${formatCount(rows)} flows · ${formatCount(anomalies)} unusual`
    process.stderr.write(`\r\u001b[K${text.slice(0, process.stderr.columns ?? 120)}`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}
