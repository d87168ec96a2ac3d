/** The model that judges live traffic: the one a page promoted and sent, else the shipped one. Verified before use, every time. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { openNetwork } from '#engine/open-network.ts'

const ROOT = new URL('../../', import.meta.url)
const fileOf = (path: string) => fileURLToPath(new URL(path, ROOT))

/** `read` gives a file of the model by its path. Throws ModelError for what is not whole, changed, or no network over windows. */
export async function openLiveModel(read: (path: string) => Promise<Uint8Array>): Promise<ScanModel> {
  const { manifest, network: model, sha256 } = await loadModel(read)
  const network = await openNetwork({
    model,
    steps: manifest.window,
    features: manifest.scaler.mean.length,
    wasm: { binary: await readFile(fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))) },
    kernels: { binary: await readFile(fileOf('src/engine/kernels/kernels.wasm')) },
  })
  return { manifest, sha256, network }
}

export function openShippedModel(): Promise<ScanModel> {
  return openLiveModel((path) => readFile(fileOf(`${SHIPPED_MODEL_FOLDER}${path}`)))
}
