/** What a person decides about a case; each decision can be taken back. */
import { setCaseState } from '#db/cases.ts'
import { callNormal, type QuietChoice, removeQuiet } from '#db/quiets.ts'
import type { CaseRecord, CaseState } from '#db/schema.ts'
import { offerUndo, sayProblem } from './undo.ts'

const DONE: Readonly<Record<CaseState, string>> = {
  open: 'Open again.',
  acknowledged: 'Acknowledged. It stays in your list.',
  resolved: 'Resolved.',
  normal: 'Noted as normal for this device.',
  quieted: 'Quieted.',
  bad: 'Noted as bad. Models can learn from it.',
}

export async function decideCase(key: string, state: CaseState, note?: string): Promise<void> {
  try {
    offerUndo(DONE[state], await setCaseState(key, state, note))
  } catch (error) {
    sayProblem('It was not saved', error)
  }
}

export async function decideNormal(key: string, choice: QuietChoice): Promise<void> {
  try {
    offerUndo('Noted as normal. Later cases like it are quieted.', await callNormal(key, choice))
  } catch (error) {
    sayProblem('It was not saved', error)
  }
}

/** A case that was called normal also takes back what it quiets. */
export async function openAgain({ key, state, quietedBy }: CaseRecord): Promise<void> {
  if (state !== 'normal' || quietedBy === undefined) return decideCase(key, 'open')
  try {
    const hushAgain = await removeQuiet(quietedBy)
    const closeAgain = await setCaseState(key, 'open')
    offerUndo('Open again. Cases like it are told again.', async () => {
      await closeAgain()
      await hushAgain()
    })
  } catch (error) {
    sayProblem('It was not saved', error)
  }
}

export async function decideNotNormal(id: string): Promise<void> {
  try {
    offerUndo('It is told again.', await removeQuiet(id))
  } catch (error) {
    sayProblem('It was not saved', error)
  }
}
