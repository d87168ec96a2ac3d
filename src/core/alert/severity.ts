/** How loud a finding or a case is. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Severity of one window from its score against the threshold: > 2 critical, > 1.5 high, > 1.2 medium, else low. */
export function severityOfRatio(ratio: number): Severity {
  if (ratio > 2) return 'critical'
  if (ratio > 1.5) return 'high'
  if (ratio > 1.2) return 'medium'
  return 'low'
}

export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}
