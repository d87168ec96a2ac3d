/** What a network is trained on: windows with their groups, parted into what teaches and what judges, and dealt out in batches. */
import { InputError, ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { planNetwork } from './architecture.ts'
import type { Batch } from './trainer.ts'
import type { TrainingOptions } from './training.ts'

export interface TrainingSet {
  readonly rows: number
  /** rows × steps × features. */
  readonly inputs: Float32Array
  /** rows × outputs; undefined where a network rebuilds its inputs. */
  readonly targets: Float32Array | undefined
  /** What each row counts; undefined: all alike. */
  readonly rowWeights: Float32Array | undefined
  /** Per row: rows of one group (a capture, a device) share their flows and are never on both sides of the validation split. */
  readonly group: Int32Array
}

/**
 * Whole groups, chosen by the seed, until the share is reached; a single group gives its last rows. Throws InputError when one side would
 * be empty.
 */
export function splitRows(
  { rows, group }: Pick<TrainingSet, 'rows' | 'group'>,
  { validationShare, seed, batchRows }: Pick<TrainingOptions, 'validationShare' | 'seed' | 'batchRows'>,
): { train: Int32Array; validation: Int32Array } {
  if (rows < 2) throw new InputError(`a network needs at least 2 windows to learn from; there are ${rows}`)
  const wanted = Math.max(1, Math.round(rows * validationShare))
  const groups = [...new Set(group)].sort((a, b) => a - b)
  if (groups.length === 1) {
    const all = Int32Array.from({ length: rows }, (_, i) => i)
    return { train: all.slice(0, rows - wanted), validation: all.slice(rows - wanted) }
  }
  const sizes = new Map<number, number>()
  for (const one of group) sizes.set(one, (sizes.get(one) ?? 0) + 1)
  const order = Int32Array.from(groups)
  shuffle(order, seed, 0)
  const held = new Set<number>()
  let heldRows = 0
  for (const one of order) {
    const size = sizes.get(one)!
    // The group that would take most of what is there stays for training.
    if (heldRows >= wanted || heldRows + size > Math.max(2 * wanted, rows - batchRows)) continue
    held.add(one)
    heldRows += size
  }
  if (held.size === 0) return splitRows({ rows, group: new Int32Array(rows) }, { validationShare, seed, batchRows })
  const train: number[] = []
  const validation: number[] = []
  for (let i = 0; i < rows; i++) (held.has(group[i]!) ? validation : train).push(i)
  if (train.length === 0)
    throw new InputError('all windows belong to groups that were held back; nothing is left to learn from')
  return { train: Int32Array.from(train), validation: Int32Array.from(validation) }
}

/** The named rows of the set. */
export function takeBatch(set: TrainingSet, rows: Int32Array): Batch {
  const width = set.inputs.length / set.rows
  const inputs = gather(set.inputs, width, rows)
  const targets = set.targets ? gather(set.targets, set.targets.length / set.rows, rows) : inputs
  return {
    rows: rows.length,
    inputs,
    targets,
    ...(set.rowWeights ? { rowWeights: gather(set.rowWeights, 1, rows) } : undefined),
  }
}

function gather(values: Float32Array, width: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * width)
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width)
  })
  return out
}

/** Fisher–Yates; each epoch has its own order, known from the seed alone. */
export function shuffle(order: Int32Array, seed: number, epoch: number): void {
  const random = createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ epoch)
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
}

/** FNV-1a over the settings and the numbers' bits. Throws ModelError when the set does not fit the architecture. */
export function fingerprintOf(set: TrainingSet, options: TrainingOptions): number {
  const { architecture } = options
  const { output } = planNetwork(architecture)
  const targets = set.rows * output.steps * output.width
  if (set.inputs.length !== set.rows * architecture.steps * architecture.features) {
    throw new ModelError(`${set.inputs.length} numbers are not ${set.rows} windows of the network's shape`)
  }
  if ((set.targets ?? set.inputs).length !== targets) {
    throw new ModelError(`${(set.targets ?? set.inputs).length} targets are not the ${targets} that the network gives`)
  }
  let hash = 0x811c9dc5
  const mix = (word: number) => {
    hash = Math.imul(hash ^ word, 0x01000193)
  }
  for (const character of JSON.stringify(options)) mix(character.charCodeAt(0))
  for (const values of [set.inputs, set.targets, set.rowWeights]) {
    if (!values) continue
    const words = new Int32Array(values.buffer, values.byteOffset, values.length)
    for (let i = 0; i < words.length; i++) mix(words[i]!)
  }
  return hash >>> 0
}
