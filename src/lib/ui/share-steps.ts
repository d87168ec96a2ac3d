/** The parts of a score as steps from where it begins to where it ends: what ShareSteps draws. */
import type { Contribution, Explanation } from '#core/detect/detector.ts'
import { wordsFor } from '#core/explain/words.ts'

export interface ShareStep {
  readonly feature: string
  /** "Amount of data sent"; of the rest how many there are. */
  readonly name: string
  readonly actual: string
  readonly usual: string
  readonly share: number
  /** Where the step begins and ends between the lowest and the highest point of the whole way, 0 to 1. */
  readonly from: number
  readonly to: number
}

export interface ShareSteps {
  readonly steps: readonly ShareStep[]
  /** The alarm line on the same way; undefined when it is not known or lies outside. */
  readonly line: number | undefined
}

/** The parts that weigh most, then all others as one step. The last step ends at the score. */
export function shareSteps({ base, contributions }: Explanation, line: number | undefined, most: number): ShareSteps {
  const order = contributions.toSorted((a, b) => Math.abs(b.share) - Math.abs(a.share))
  const named = order.slice(0, order.length > most ? most - 1 : most)
  const others = order.slice(named.length)
  const parts = named.map(describe)
  if (others.length > 0) {
    const share = others.reduce((sum, one) => sum + one.share, 0)
    parts.push({ feature: '', name: `${others.length} other numbers`, actual: '', usual: '', share })
  }
  const points = [base]
  for (const { share } of parts) points.push(points.at(-1)! + share)
  const ends = line === undefined ? points : [...points, line]
  const low = Math.min(...ends)
  const width = Math.max(...ends) - low || 1
  const place = (point: number) => (point - low) / width
  return {
    steps: parts.map((part, i) => ({ ...part, from: place(points[i]!), to: place(points[i + 1]!) })),
    line: line === undefined ? undefined : place(line),
  }
}

function describe({ feature, value, typical, share }: Contribution) {
  const { name, write } = wordsFor(feature)
  const say = (number: number) => (Number.isNaN(number) ? 'not known' : write(number))
  return {
    feature,
    name: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    actual: say(value),
    usual: say(typical),
    share,
  }
}
