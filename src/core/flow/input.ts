/** A file on its way to becoming flows: the same shape for captures (scan/capture-input.ts) and tables (logs/). */
import type { Tally } from '../base/tally.ts'
import type { Sighting } from '../device/device.ts'
import type { FlowBatch } from './batch.ts'

export interface FlowInput {
  /** One of FILE_KINDS. */
  readonly kind: 'pcap' | 'pcapng' | 'flow-csv' | 'cic-csv' | 'zeek-conn' | 'suricata-eve' | 'unsw-csv'
  /**
   * Steps of the reading, at least one for each few MB read or quarter of a second, so that progress shows and a stop is quick.
   * Throws InputError only when nothing at all can be used; what breaks off later is a remark.
   */
  steps(signal?: AbortSignal): AsyncGenerator<InputStep>
  /** Live counters, also while `steps` runs. */
  readonly stats: InputStats
}

export interface InputStep {
  readonly flows: readonly FlowBatch[]
  /** What was learnt since the last step about who is who; empty for tables. */
  readonly sightings: readonly Sighting[]
}

export interface InputStats {
  bytesRead: number
  packets: number
  /** Data rows (tables) or flows ended (captures), used and skipped. */
  rows: number
  /** Rows or packets that could not be used, by reason. */
  readonly skipped: Tally
  /** Sentences for the person: where it broke off, what was odd. */
  readonly remarks: string[]
  readMs: number
  featuresMs: number
}
