/** ● critical, ▲ high, ◆ medium, ○ low: paths in a box of 12 × 12, for marks in text and on the timeline alike. */
import type { Severity } from '#core/alert/severity.ts'

export const SEVERITY_PATHS: Readonly<Record<Severity, string>> = {
  critical: 'M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z',
  high: 'M6 .8L11.6 10.8H.4z',
  medium: 'M6 .2L11.8 6L6 11.8L.2 6z',
  low: 'M6 1.6a4.4 4.4 0 1 1 0 8.8a4.4 4.4 0 1 1 0-8.8z',
}
