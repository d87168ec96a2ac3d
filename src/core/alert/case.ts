/** The unit that a person sees: the evidence about one device over a span of time (decision 002). */
import type { Finding, Reason } from './evidence.ts'
import type { Severity } from './severity.ts'

export interface Case {
  /** Stable while the case grows: device and start. Unique within a scan. */
  readonly id: string
  /** Id of the device (device/inventory.ts). */
  readonly device: string
  /** The name a person knows it by, at the time of writing. */
  readonly deviceName: string
  readonly startMicros: number
  readonly endMicros: number
  readonly severity: Severity
  /** One plain sentence: who did what, when. */
  readonly title: string
  /** The second sentence: what it normally does. */
  readonly usual: string
  /** The strongest first; shares sum to 1. */
  readonly reasons: readonly Reason[]
  /** What the rules saw, in the order in which it began. */
  readonly observations: readonly Observation[]
  readonly confidence: Confidence
  /** What moved the severity up or down (alert/weigh.ts), as clauses: "it met many hosts for the first time". */
  readonly because: readonly string[]
  /** What would look the same and be harmless. */
  readonly harmless: string
  /** What to do now, in order. */
  readonly advice: readonly string[]
  readonly facts: CaseFacts
  /** The strongest, at most MAX_KEPT_FINDINGS; `findingCount` has them all. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
}

export const MAX_KEPT_FINDINGS = 200

export interface Observation {
  readonly title: string
  readonly text: string
  readonly startMicros: number
  /** MITRE ATT&CK ids. */
  readonly techniques: readonly string[]
}

export interface Confidence {
  readonly words: 'fairly' | 'quite' | 'very'
  /** Why so, in one clause: "1 in 400 usual samples looks so". */
  readonly text: string
  /** "1 in N usual windows scores so high"; undefined when the model did not speak. */
  readonly oneIn: number | undefined
}

/** What the device did during the case, in numbers. */
export interface CaseFacts {
  readonly flows: number
  readonly bytesOut: number
  readonly bytesIn: number
  /** Typical per hour of this device outside the case; NaN when nothing to compare with. */
  readonly usualBytesOutPerHour: number
  readonly usualBytesInPerHour: number
  readonly hosts: number
  readonly newHosts: number
  readonly usualHosts: number
  readonly unansweredFlows: number
  /** Addresses it talked to most in this case, with flows and bytes, at most 20. */
  readonly peers: readonly {
    readonly address: string
    readonly name: string
    readonly flows: number
    readonly bytes: number
    readonly isNew: boolean
  }[]
  /** Destination ports by flows, at most 10. */
  readonly ports: readonly { readonly port: number; readonly flows: number }[]
}
