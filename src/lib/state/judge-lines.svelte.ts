/** What a threshold means to the model that a person put in use; nothing while the shipped one judges. */

import type { AlarmLines } from '#core/detect/alarm-line.ts'
import type { ThresholdChoice } from '#core/detect/threshold.ts'
import { SHIPPED_MODELS } from '#core/model/shipped.ts'
import { isShipped, shippedId } from '#db/models.ts'
import { filesOf } from './model-files.ts'

export class JudgeLines {
  /** Undefined while the shipped model is in use, or the one in use is being read. */
  draw: ((choice: ThresholdChoice) => AlarmLines) | undefined = $state.raw()
  /** `name version` of the model that `draw` is of. */
  name: string | undefined = $state()
  /** Why it is not known. */
  problem: string | undefined = $state()
  #wanted: string | undefined

  /** The id of the model in use; undefined for the shipped one. */
  load(modelId: string | undefined): void {
    const [first] = SHIPPED_MODELS
    const id = modelId === shippedId(first.name, first.version) ? undefined : modelId
    this.#wanted = id
    this.draw = undefined
    this.name = undefined
    this.problem = undefined
    if (id === undefined) return
    this.#read(id).catch((error: unknown) => {
      if (this.#wanted === id) this.problem = error instanceof Error ? error.message : String(error)
    })
  }

  async #read(id: string): Promise<void> {
    const [files, { linesOfFiles }] = await Promise.all([
      filesOf({ id, source: isShipped(id) ? 'shipped' : 'trained' }),
      import('#core/detect/judge.ts'),
    ])
    const { name, draw } = linesOfFiles(files)
    if (this.#wanted !== id) return
    this.name = name
    this.draw = draw
  }
}
