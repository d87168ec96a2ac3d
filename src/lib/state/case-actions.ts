/** What a person decides about a case; each decision can be taken back. */
import { setCaseState } from '#db/cases.ts'
import type { CaseState } from '#db/schema.ts'
import { offerUndo, sayProblem } from './undo.ts'

const DONE: Readonly<Record<CaseState, string>> = {
  open: 'Open again.',
  acknowledged: 'Acknowledged. It stays in your list.',
  resolved: 'Resolved.',
  normal: 'Noted as normal for this device.',
  bad: 'Noted as bad. Models can learn from it.',
}

export async function decideCase(key: string, state: CaseState, note?: string): Promise<void> {
  try {
    offerUndo(DONE[state], await setCaseState(key, state, note))
  } catch (error) {
    sayProblem('It was not saved', error)
  }
}
