/** Whether what is being scanned is the kind of traffic that a model was trained on, told while it is read. */
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { type ScopeVerdict, scopeRemark } from '../detect/scope.ts'

/** Flows gathered for one look: some blocks, so that few are left over. */
const LOOK_ROWS = 400
/** Blocks before anything is said. */
const FEWEST_BLOCKS = 3

export class ScopeWatch {
  readonly #judge: FlowJudge
  #parts: FlowDataset[] = []
  #rows = 0
  #blocks = 0
  #outside = 0
  #last: ScopeVerdict | undefined

  constructor(judge: FlowJudge) {
    this.#judge = judge
  }

  add(data: FlowDataset): void {
    if (!this.#judge.scope || data.rows === 0) return
    const columns = this.#parts[0]?.matrix.features ?? data.matrix.features
    if (columns.length !== data.matrix.features.length) this.look()
    this.#parts.push(data)
    this.#rows += data.rows
    if (this.#rows >= LOOK_ROWS) this.look()
  }

  /** Takes in what has been gathered since, however little. */
  look(): void {
    const [first] = this.#parts
    if (!first || !this.#judge.scope) return
    const verdict = this.#judge.scope(joinRows(first, this.#parts, this.#rows))
    this.#parts = []
    this.#rows = 0
    this.#blocks += verdict.blocks
    this.#outside += verdict.outside
    if (verdict.outside > 0) this.#last = verdict
  }

  get isForeign(): boolean {
    return this.#blocks >= FEWEST_BLOCKS && 2 * this.#outside > this.#blocks
  }

  /** Undefined while the traffic is known. */
  get remark(): string | undefined {
    if (!this.isForeign || !this.#last) return undefined
    return scopeRemark({ ...this.#last, blocks: this.#blocks, outside: this.#outside, isForeign: true })
  }
}

/** Their columns and counts, one after the other: all that a scope looks at. */
function joinRows(first: FlowDataset, parts: readonly FlowDataset[], rows: number): FlowDataset {
  const { features } = first.matrix
  const values = new Float32Array(rows * features.length)
  const counts = new Float64Array(rows * 4)
  let at = 0
  for (const part of parts) {
    values.set(part.matrix.values, at * features.length)
    counts.set(part.counts, at * 4)
    at += part.rows
  }
  return { ...first, rows, matrix: { features, rows, values }, counts }
}
