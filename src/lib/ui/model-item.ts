/** A model as pages list it, shipped or of this home. */
import type { ModelSource } from './model-words.ts'

export interface ModelItem {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly kind: string
  readonly source: ModelSource
  /** ms since 1970. */
  readonly createdAt: number
  readonly sizeBytes: number
  /** Also as ONNX, for other programs. */
  readonly hasNetwork: boolean
  /** `name version` of the model that it takes after. */
  readonly parent: string | undefined
  /** SHA-256 of what it learnt from. */
  readonly dataHash: string | undefined
  /** Markdown. */
  readonly card: string
}
