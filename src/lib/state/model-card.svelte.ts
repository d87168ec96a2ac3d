/** The manifest of the model in use, for showing what a threshold means; it is kept with the app. */

import type { ModelManifest } from '#core/model/manifest.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import { resolve } from '$app/paths'

class ModelCard {
  manifest: ModelManifest | undefined = $state.raw()
  /** Why it is not known. */
  problem: string | undefined = $state()
  #asked = false

  load(): void {
    if (this.#asked) return
    this.#asked = true
    this.#read().catch((error: unknown) => {
      this.#asked = false
      this.problem = error instanceof Error ? error.message : String(error)
    })
  }

  async #read(): Promise<void> {
    const [response, { readManifest }] = await Promise.all([
      fetch(`${resolve('/')}${SHIPPED_MODEL_FOLDER}manifest.json`),
      import('#core/model/manifest.ts'),
    ])
    if (!response.ok) throw new Error(`The model's manifest could not be loaded (status ${response.status}).`)
    this.manifest = readManifest(await response.json())
    this.problem = undefined
  }
}

export const modelCard = new ModelCard()
