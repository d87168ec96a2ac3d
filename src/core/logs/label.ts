/** What ground truth in a table means. Never an input to a detector: for evaluation and tests alone. */

const BENIGN = /^(?:benign|normal|normal traffic|legitimate|0|0\.0|false|no)$/i
const UNKNOWN = /^(?:background|unknown|-|\(empty\)|needmanuallabel|no label)?$/i

/** Undefined: the label says it does not know (Background, empty), so the row must not be scored. */
export function isAttackLabel(label: string): boolean | undefined {
  const first = label.trim().split(' ')[0] ?? ''
  if (UNKNOWN.test(label.trim()) || UNKNOWN.test(first)) return undefined
  return !(BENIGN.test(label.trim()) || /^benign$/i.test(first))
}

/** A label and its detail as one text: `Malicious` + `DDoS` is "Malicious DDoS"; an empty detail adds nothing. */
export function joinLabel(label: string, detail: string): string {
  const extra = detail.trim()
  return extra === '' || extra === '-' || extra === '(empty)' ? label : `${label} ${extra}`
}
