/** What a row of each class counts in training. */
import { InputError } from '../../base/errors.ts'

/** `balanced`: all classes weigh alike in sum. Numbers: one per class. Undefined: each row counts 1. */
export type ClassWeights = 'balanced' | readonly number[] | undefined

export function weighClasses(option: ClassWeights, counts: Float64Array): Float64Array {
  const weights = new Float64Array(counts.length).fill(1)
  if (option === undefined) return weights
  if (option === 'balanced') {
    const present = counts.filter((count) => count > 0)
    const rows = present.reduce((sum, count) => sum + count, 0)
    return counts.map((count) => (count > 0 ? rows / (present.length * count) : 0))
  }
  if (option.length !== counts.length || option.some((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))) {
    throw new InputError(
      `class weights are ${option.join(', ')}; expected ${counts.length} numbers that are not negative`,
    )
  }
  weights.set(option)
  return weights
}
