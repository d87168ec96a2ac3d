/** What can be done with stored scans. */
import { deleteScans, undoDelete } from '#db/scans.ts'
import { offerUndo, sayProblem } from './undo.ts'

export async function removeScans(ids: readonly string[], name: string): Promise<void> {
  try {
    await deleteScans(ids)
    offerUndo(`${name} deleted, with its cases.`, () => undoDelete(ids))
  } catch (error) {
    sayProblem('It was not deleted', error)
  }
}
