/**
 * Flows as columns: what captures and flow tables both become, and what detectors, stores and pages read.
 * One batch holds at most MAX_BATCH_ROWS flows and its own dictionary of addresses, so it can be sent, stored and dropped alone.
 */
export const MAX_BATCH_ROWS = 16_384

/** The four counts of a flow in the order of the autoencoder's input. */
export const COUNT_COLUMNS = ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'] as const

export interface FlowBatch {
  readonly length: number
  /** Number of the flow in its file from 1: the data row of a table, or the order in which a capture's flows ended. */
  readonly row: Float64Array
  /** µs since 1970; NaN where the source has no time. */
  readonly startMicros: Float64Array
  readonly endMicros: Float64Array
  /** This batch's dictionary; the address columns index it, -1 means unknown. */
  readonly addresses: readonly string[]
  readonly origAddress: Int32Array
  readonly respAddress: Int32Array
  /** -1 unknown. */
  readonly origPort: Int32Array
  readonly respPort: Int32Array
  /** IANA protocol number; -1 unknown. */
  readonly protocol: Int16Array
  /** length × 4, COUNT_COLUMNS order: packets and payload bytes of originator and responder. */
  readonly counts: Float64Array
  /**
   * length × 78 in the order of FEATURES (flow/features.ts), when the source has them. NaN: column not in the source. Captures give
   * single precision unless asked otherwise: it is what is stored and learnt from, and half the memory.
   */
  readonly features: Float32Array | Float64Array | undefined
  /** Dictionary and index of ground truth, when the source has labels; -1 none. Never an input to a detector. */
  readonly labels: readonly string[]
  readonly label: Int32Array | undefined
  /** Extra categorical columns of a table (proto, service …): raw text by dictionary. */
  readonly categories: readonly CategoryColumn[]
  /** Further numbers of a table, when they were asked for (logs/table-options.ts). NaN: no value. */
  readonly numbers?: NumberColumns
  /** No flow that comes later starts before this; NaN without times. Lets time order be restored exactly. */
  readonly watermarkMicros: number
}

export interface NumberColumns {
  readonly names: readonly string[]
  /** length × names, row-major. */
  readonly values: Float32Array
}

export interface CategoryColumn {
  readonly name: string
  readonly values: readonly string[]
  /** Index into values; -1 missing. */
  readonly code: Int32Array
}
