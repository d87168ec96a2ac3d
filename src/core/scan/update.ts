/** What a scan gives out while it runs: the same for the page's store, the command line and tests. */
import type { Case } from '../alert/case.ts'
import type { Engine } from '../detect/network.ts'
import type { Device, Note } from '../device/device.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { Timeline } from './timeline.ts'

export const FILE_KINDS = ['pcap', 'pcapng', 'flow-csv', 'cic-csv', 'zeek-conn', 'suricata-eve', 'unsw-csv'] as const
export type FileKind = (typeof FILE_KINDS)[number]

export interface ScanProgress {
  readonly bytesRead: number
  /** Undefined when the size is not known. */
  readonly bytesTotal: number | undefined
  readonly packets: number
  /** Data rows of a table, or flows of a capture, read so far (used and skipped). */
  readonly rows: number
  readonly windows: number
  readonly anomalies: number
  readonly elapsedMs: number
  /** Known from the first step on. */
  readonly kind?: FileKind
  readonly skipped?: Readonly<Record<string, number>>
  readonly remarks?: readonly string[]
  /** Renewed about once a second. */
  readonly timeline?: Timeline
}

/** One step. `flows` goes to storage; cases, devices and notes are those that are new or changed since the last step. */
export interface ScanUpdate {
  readonly progress: ScanProgress
  readonly flows: readonly DeviceFlows[]
  readonly cases: readonly Case[]
  readonly devices: readonly Device[]
  readonly notes: readonly Note[]
}

/** A batch of flows and whose they are. */
export interface DeviceFlows {
  readonly batch: FlowBatch
  readonly deviceIds: readonly string[]
  /** Per row, an index into deviceIds. */
  readonly device: Int32Array
  /** Per row: 1 where the device is the originator, 0 where it answers. */
  readonly outward: Uint8Array
}

export interface ScanSummary {
  readonly file: string
  readonly kind: FileKind
  readonly rows: number
  readonly skipped: Readonly<Record<string, number>>
  /** Sentences about the input itself: broken off at byte …, clock steps …, link type … . */
  readonly remarks: readonly string[]
  readonly windows: number
  readonly anomalies: number
  /** anomalies / windows × 100; 0 without windows. */
  readonly percentage: number
  readonly model: {
    readonly name: string
    readonly version: string
    readonly sha256: string
    /** What ran it, where the shell that scanned says so. */
    readonly engine?: Engine
  }
  readonly threshold: number
  /** How the threshold was chosen, in words, and what it means in alarms per week. */
  readonly thresholdText: string
  readonly startMicros: number
  readonly endMicros: number
  readonly devices: number
  readonly cases: number
  /** The box-plot baseline beside the model: device-minutes looked at, and those outside its fences. */
  readonly baseline: { readonly minutes: number; readonly outside: number }
  readonly timeline: Timeline
  readonly elapsedMs: {
    readonly read: number
    readonly features: number
    readonly score: number
    readonly total: number
  }
  /** True when stopped before the end of the file. */
  readonly stopped: boolean
}
