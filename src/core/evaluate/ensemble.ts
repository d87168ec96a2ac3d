/**
 * Several contenders as one: each says how rare its score is among benign rows kept out of its training, and what they say is added
 * (Fisher's way of joining p values, without his independence). What two see weakly counts more than what one sees.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { Contender } from './baselines.ts'
import type { LabelledDataset } from './labels.ts'
import { takeLabelled } from './rows.ts'

/** Of the benign training rows: they tell how rare a score is, and teach nothing. */
const RANKING_SHARE = 0.25
/** Of those, the highest: beyond them rarity falls off exponentially with their mean excess. */
const TAIL_SHARE = 0.02
const FEWEST_RANKING_ROWS = 20

export function joinContenders(name: string, members: readonly Contender[]): Contender {
  return {
    name,
    supervised: members.some(({ supervised }) => supervised),
    async fit(train, control) {
      const random = createRandom(control.seed)
      const ranking: number[] = []
      const taught: number[] = []
      for (let row = 0; row < train.rows; row++) {
        const isRanking = train.labels[row] === 0 && random.next() < RANKING_SHARE
        ;(isRanking ? ranking : taught).push(row)
      }
      if (ranking.length < FEWEST_RANKING_ROWS) {
        throw new InputError(`${name} needs about ${FEWEST_RANKING_ROWS / RANKING_SHARE} benign rows to rank scores by`)
      }
      const parts = { taught: takeLabelled(train, taught), ranking: takeLabelled(train, ranking) }
      const voices: Voice[] = []
      for (const member of members) {
        const score = await member.fit(parts.taught, control)
        voices.push({ score, rarity: measureRarity(await score(parts.ranking)) })
      }
      return async (data) => {
        const sums = new Float64Array(data.rows)
        for (const { score, rarity } of voices) {
          const scores = await score(data)
          for (let row = 0; row < data.rows; row++) sums[row]! += rarity(scores[row]!)
        }
        return sums
      }
    },
  }
}

interface Voice {
  readonly score: (data: LabelledDataset) => Float64Array | Promise<Float64Array>
  readonly rarity: (score: number) => number
}

/** −log of the share of benign scores at or above; an abstention says nothing, which is 0. */
function measureRarity(benign: Float64Array): (score: number) => number {
  const sorted = benign.filter((score) => !Number.isNaN(score)).sort()
  const n = sorted.length
  const tailAt = Math.max(0, Math.min(n - 1, Math.floor(n * (1 - TAIL_SHARE))))
  const from = sorted[tailAt] ?? 0
  let excess = 0
  for (let i = tailAt; i < n; i++) excess += sorted[i]! - from
  const scale = excess / Math.max(1, n - tailAt)
  return (score) => {
    if (Number.isNaN(score) || n === 0) return 0
    const above = n - countBelow(sorted, score)
    if (above > 0 || scale === 0) return Math.log(n + 1) - Math.log(above + 0.5)
    return Math.max(Math.log(n + 1) - Math.log(0.5), (score - from) / scale - Math.log(TAIL_SHARE))
  }
}

function countBelow(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
