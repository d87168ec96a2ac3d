/** A case as lists and letters show it: what was found, and what a person decided. */
import type { Case } from '#core/alert/case.ts'

export interface CaseItem {
  readonly key: string
  readonly state: 'open' | 'acknowledged' | 'resolved' | 'normal' | 'bad' | 'quieted'
  readonly stateNote?: string
  readonly value: Case
}

export const STATE_WORDS = {
  open: 'open',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  normal: 'normal for this device',
  bad: 'it was bad',
  quieted: 'quieted by what you called normal',
} as const satisfies Record<CaseItem['state'], string>
