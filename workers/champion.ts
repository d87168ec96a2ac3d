/** The model that a person put in use, opened for a scan; undefined while the shipped one is. */
import { ModelError } from '#core/base/errors.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import type { Engine } from '#core/detect/network.ts'
import { MANIFEST_FILE, ONNX_FILE, parseManifest, WEIGHTS_FILE } from '#core/model/folder.ts'
import { isFolderManifest } from '#core/model/folder-manifest.ts'
import { type LoadedModel, loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import type { ScanJudge } from '#core/scan/judge-flows.ts'
import { readChampion, readModelFiles, shippedFolder } from '#db/models.ts'
import { createTrainer } from './engine.ts'

export type Champion =
  | { readonly form: 'folder'; readonly judge: ScanJudge; readonly engine: Engine }
  /** A network over the windows of a scan, in place of the shipped one. */
  | { readonly form: 'network'; readonly loaded: LoadedModel }

/** `fetchOwn` gives a file of the site. Throws ModelError when the files are not whole: a scan must not go on as if with it. */
export async function openChampion(fetchOwn: (path: string) => Promise<Uint8Array>): Promise<Champion | undefined> {
  const champion = await readChampion('judge')
  if (!champion) return undefined
  const { modelId } = champion
  const folder = shippedFolder(modelId)
  if (folder === SHIPPED_MODEL_FOLDER) return undefined
  const files = folder === undefined ? await readModelFiles(modelId) : undefined
  const fetchFile = async (path: string) => {
    if (folder !== undefined) return fetchOwn(folder + path)
    const bytes = files?.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }
  if (!isFolderManifest(parseManifest(await fetchFile(MANIFEST_FILE))))
    return { form: 'network', loaded: await loadModel(fetchFile) }
  const { judge, manifest } = await openModelFolder(fetchFile, createTrainer)
  const weights = manifest.files.find(({ path }) => path === WEIGHTS_FILE)
  return {
    form: 'folder',
    judge: { judge, manifest, sha256: weights?.sha256 ?? '' },
    engine: manifest.files.some(({ path }) => path === ONNX_FILE) ? 'kernels' : 'plain',
  }
}
