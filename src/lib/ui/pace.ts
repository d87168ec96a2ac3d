/** Speed and remaining time of a scan from its own progress. */
import type { ScanProgress } from '#core/scan/update.ts'

export interface Pace {
  /** Part read, 0 to 1; undefined while the size is not known. */
  readonly share: number | undefined
  readonly bytesPerSecond: number | undefined
  /** Undefined until there is enough to say: half a second and one part in a hundred. */
  readonly leftMs: number | undefined
}

export function paceOf(progress: ScanProgress): Pace {
  const { bytesRead, bytesTotal, elapsedMs } = progress
  const share = bytesTotal ? Math.min(1, bytesRead / bytesTotal) : undefined
  const bytesPerSecond = elapsedMs >= 500 && bytesRead > 0 ? (bytesRead / elapsedMs) * 1000 : undefined
  const known = bytesPerSecond !== undefined && share !== undefined && share >= 0.01
  return { share, bytesPerSecond, leftMs: known ? (elapsedMs * (1 - share)) / share : undefined }
}
