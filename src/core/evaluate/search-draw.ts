/** What a search draws by its seed: settings that were not tried yet, and part of the rows for a cheap first look. */
import { createRandom, type Random } from '../base/random.ts'
import type { Setting, Settings, TuningTable } from '../detect/tuning.ts'
import type { Split } from './splits.ts'

/** Draws in a row that only met settings that are known; then the table counts as used up. */
const MOST_MISSES = 200

/** Settings as they differ from the default; each new one is added to `known`. */
export function drawSettings(
  { values }: TuningTable,
  { random, known, count }: { readonly random: Random; readonly known: Set<string>; readonly count: number },
): Settings[] {
  const drawn: Settings[] = []
  for (let misses = 0; drawn.length < count && misses < MOST_MISSES; ) {
    const settings: Record<string, Setting> = {}
    for (const [name, choices] of Object.entries(values)) {
      const place = random.int(choices.length)
      if (place > 0) settings[name] = choices[place]
    }
    const key = JSON.stringify(settings)
    if (known.has(key)) {
      misses++
      continue
    }
    misses = 0
    known.add(key)
    drawn.push(settings)
  }
  return drawn
}

/** That share of the rows of each class, at least one; ascending. */
export function sampleTraining(
  { trainData, train }: Split,
  { share, seed }: { readonly share: number; readonly seed: number },
): Int32Array {
  const random = createRandom(seed)
  const ofClass = new Map<number, number[]>()
  for (const row of train) {
    const rows = ofClass.get(trainData.labels[row]!)
    if (rows) rows.push(row)
    else ofClass.set(trainData.labels[row]!, [row])
  }
  const chosen: number[] = []
  for (const [, rows] of [...ofClass].sort(([a], [b]) => a - b)) {
    const count = Math.max(1, Math.round(rows.length * share))
    for (let i = 0; i < count; i++) {
      const j = i + random.int(rows.length - i)
      const swapped = rows[i]!
      rows[i] = rows[j]!
      rows[j] = swapped
    }
    chosen.push(...rows.slice(0, count))
  }
  return Int32Array.from(chosen).sort()
}
