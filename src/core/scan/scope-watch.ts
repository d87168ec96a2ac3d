/** Whether what is being scanned is the kind of traffic that a model was trained on, told while it is read. */
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { type ScopeVerdict, scopeRemark } from '../detect/scope.ts'
import { classifyAddress, isDeviceMac } from '../device/address.ts'

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
  /** Flows, and those of devices that the model was learnt from. */
  #flows = 0
  #own = 0

  constructor(judge: FlowJudge) {
    this.#judge = judge
  }

  add(data: FlowDataset): void {
    if (!this.#judge.scope || data.rows === 0) return
    this.#flows += data.rows
    const isOwn = data.devices.map((id) => namesOneDevice(id) && (this.#judge.knows?.(id) ?? false))
    for (const device of data.device) if (isOwn[device]) this.#own++
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

  /** An attack is unlike anything learnt, too: what comes from the model's own devices is never held back. */
  get isForeign(): boolean {
    return this.#looksForeign && 2 * this.#own <= this.#flows
  }

  get #looksForeign(): boolean {
    return this.#blocks >= FEWEST_BLOCKS && 2 * this.#outside > this.#blocks
  }

  /** Undefined while the traffic is known. */
  get remark(): string | undefined {
    if (!this.#looksForeign || !this.#last) return undefined
    if (!this.isForeign) {
      const share = Math.round((100 * this.#outside) / this.#blocks)
      return `${share} % of this traffic looks like nothing that the model was trained on, though it comes from devices that it knows: either they are used in a new way, or something is wrong.`
    }
    return scopeRemark({ ...this.#last, blocks: this.#blocks, outside: this.#outside, isForeign: true })
  }
}

/** The private addresses of one home are those of others as well. */
function namesOneDevice(id: string): boolean {
  const [kind, ...rest] = id.split(':')
  const name = rest.join(':')
  return kind === 'mac' ? isDeviceMac(name) : kind === 'ip' && classifyAddress(name) === 'global'
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
