/** The manifest of the model in use, for showing what a threshold means; it is cached with the app. */

import type { ModelManifest } from '#core/model/manifest.ts'
import { resolve } from '$app/paths'

const FOLDER = 'models/flow-autoencoder/1.0.0/'

class ModelCard {
  manifest: ModelManifest | undefined = $state.raw()
  #asked = false

  load(): void {
    if (this.#asked) return
    this.#asked = true
    void this.#read()
  }

  async #read(): Promise<void> {
    const [response, { readManifest }] = await Promise.all([
      fetch(`${resolve('/')}${FOLDER}manifest.json`),
      import('#core/model/manifest.ts'),
    ])
    // Without it, choices are shown without their consequence; the scan itself refuses a missing model with a sentence.
    if (response.ok) this.manifest = readManifest(await response.json())
    else this.#asked = false
  }
}

export const modelCard = new ModelCard()
