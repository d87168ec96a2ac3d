/** What each detector saw, side by side: a learnt model must earn its place beside a plain baseline. */
import type { Case } from '#core/alert/case.ts'
import type { Finding } from '#core/alert/evidence.ts'

export interface DetectorRow {
  readonly detector: Finding['detector']
  readonly name: string
  readonly cases: number
  /** Cases that no other detector saw. */
  readonly alone: number
  readonly findings: number
}

const NAMES: Readonly<Record<Finding['detector'], string>> = {
  model: 'Model (LSTM autoencoder)',
  rule: 'Rules (known kinds of attack)',
  'box-plot': 'Baseline (box plot per minute)',
}

export function compareDetectors(cases: readonly Case[]): DetectorRow[] {
  const seenBy = cases.map((value) => new Set(value.findings.map(({ detector }) => detector)))
  const detectors = ['model', 'rule', 'box-plot'] as const
  return detectors.map((detector) => ({
    detector,
    name: NAMES[detector],
    cases: seenBy.filter((seen) => seen.has(detector)).length,
    alone: seenBy.filter((seen) => seen.has(detector) && seen.size === 1).length,
    findings: cases.reduce((sum, value) => sum + value.findings.filter((f) => f.detector === detector).length, 0),
  }))
}

/** The model's finding that is furthest beyond its line; undefined where only rules or the baseline spoke. */
export function strongestOfModel({ findings }: Pick<Case, 'findings'>): Finding | undefined {
  const spoken = findings.filter(({ detector }) => detector === 'model')
  return spoken.toSorted((a, b) => b.score / b.threshold - a.score / a.threshold)[0]
}
