/** What can be done with models; each can be taken back. */
import type { ModelRef } from '#db/models.ts'
import { bringBackModels, promote, removeModels, rollBack } from '#db/models.ts'
import { MODEL_ROLES } from '#db/schema.ts'
import { offerUndo, sayProblem } from './undo.ts'

export async function useModel(model: ModelRef, reason: string): Promise<void> {
  try {
    const undo = await promote('judge', model, reason)
    offerUndo(`${model.name} ${model.version} is in use from the next scan on.`, undo)
  } catch (error) {
    sayProblem('It was not put in use', error)
  }
}

export async function goBack(): Promise<void> {
  try {
    offerUndo('The model before is in use again, from the next scan on.', await rollBack('judge'))
  } catch (error) {
    sayProblem('Nothing was changed', error)
  }
}

export async function removeModel({ id, name, version }: ModelRef): Promise<boolean> {
  try {
    await removeModels([id], MODEL_ROLES)
    offerUndo(`${name} ${version} deleted.`, () => bringBackModels([id]))
    return true
  } catch (error) {
    sayProblem('It was not deleted', error)
    return false
  }
}
