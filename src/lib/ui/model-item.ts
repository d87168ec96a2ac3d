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
  /** Id of the model from which it was made. */
  readonly parent: string | undefined
  /** SHA-256 of what it learnt from. */
  readonly dataHash: string | undefined
  /** Markdown. */
  readonly card: string
}
