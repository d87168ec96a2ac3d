/** A model for the command line: by its name under models/ (its newest version) or a folder, verified before use. */
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ModelError } from '#core/base/errors.ts'
import { loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL } from '#core/model/shipped.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { openNetwork } from '#engine/open-network.ts'
import { rootFile } from './root.ts'

export async function openModel(nameOrFolder = SHIPPED_MODEL): Promise<ScanModel> {
  const folder = findFolder(nameOrFolder)
  const { manifest, network: model, sha256 } = await loadModel((path) => readFile(join(folder, path)))
  const wasm = await readFile(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  const network = await openNetwork({
    model,
    steps: manifest.window,
    features: manifest.scaler.mean.length,
    wasm: { binary: wasm },
    kernels: { binary: await readFile(rootFile('src/engine/kernels/kernels.wasm')) },
  })
  return { manifest, sha256, network }
}

/** Throws ModelError when there is no such model. */
export function findFolder(nameOrFolder: string): string {
  if (existsSync(join(nameOrFolder, 'manifest.json'))) return nameOrFolder
  const named = rootFile(`models/${nameOrFolder}`)
  if (/^[\w.-]+$/.test(nameOrFolder) && existsSync(named)) {
    const versions = readdirSync(named).filter((version) => existsSync(join(named, version, 'manifest.json')))
    const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
    if (newest !== undefined) return join(named, newest)
  }
  throw new ModelError(
    `there is no model ${JSON.stringify(nameOrFolder)}: give a folder with a manifest.json, or one of ${readdirSync(rootFile('models')).join(', ')}`,
  )
}
