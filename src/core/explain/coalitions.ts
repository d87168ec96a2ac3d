/** Which sets of features KernelSHAP tries: the smallest and largest all, as they weigh most, and of the others a sample with its complements. */
import type { Random } from '../base/random.ts'

export interface Coalitions {
  /** 1 where the feature is in the set. */
  readonly masks: readonly Uint8Array[]
  readonly weights: readonly number[]
}

/** Neither the empty nor the full set, which hold exactly. `players` is at least 2. */
export function coalitionsOf(players: number, budget: number, random: Random): Coalitions {
  const masks: Uint8Array[] = []
  const weights: number[] = []
  const sizes = Array.from({ length: Math.floor(players / 2) }, (_, i) => i + 1)
  // Of all sets of a size and of its complements together, by the Shapley kernel
  const kernel = sizes.map((size) => ((size * 2 === players ? 1 : 2) * (players - 1)) / (size * (players - size)))
  let size = 1
  for (let sets = players; size <= sizes.length; size++) {
    const isMiddle = size * 2 === players
    const count = isMiddle ? sets : 2 * sets
    if (masks.length + count > budget) break
    for (const mask of subsets(players, size)) {
      masks.push(mask)
      if (!isMiddle) masks.push(mask.map((one) => 1 - one))
    }
    while (weights.length < masks.length) weights.push(kernel[size - 1]! / count)
    sets *= (players - size) / (size + 1)
  }
  const left = kernel.slice(size - 1)
  const pairs = Math.floor((budget - masks.length) / 2)
  if (left.length === 0 || pairs < 1) return { masks, weights }
  const total = left.reduce((sum, one) => sum + one, 0)
  for (let pair = 0; pair < pairs; pair++) {
    let point = random.next() * total
    let at = 0
    while (at < left.length - 1 && point >= left[at]!) point -= left[at++]!
    const mask = randomSubset(players, size + at, random)
    masks.push(
      mask,
      mask.map((one) => 1 - one),
    )
    weights.push(total / (2 * pairs), total / (2 * pairs))
  }
  return { masks, weights }
}

function* subsets(players: number, size: number): Generator<Uint8Array> {
  const chosen = Array.from({ length: size }, (_, i) => i)
  for (;;) {
    const mask = new Uint8Array(players)
    for (const one of chosen) mask[one] = 1
    yield mask
    let at = size - 1
    while (at >= 0 && chosen[at] === players - size + at) at--
    if (at < 0) return
    chosen[at] = chosen[at]! + 1
    for (let i = at + 1; i < size; i++) chosen[i] = chosen[i - 1]! + 1
  }
}

function randomSubset(players: number, size: number, random: Random): Uint8Array {
  const mask = new Uint8Array(players)
  for (let left = size; left > 0; ) {
    const at = random.int(players)
    if (mask[at]) continue
    mask[at] = 1
    left--
  }
  return mask
}
