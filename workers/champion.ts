/** The model that a person put in use, opened for a scan; undefined while the shipped one is. */
import { ModelError } from '#core/base/errors.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { WEIGHTS_FILE } from '#core/model/folder.ts'
import { SHIPPED_MODEL_FOLDER } from '#core/model/shipped.ts'
import type { ScanJudge } from '#core/scan/judge-flows.ts'
import { readChampion, readModelFiles, shippedFolder } from '#db/models.ts'
import { createTrainer } from './engine.ts'

/** `fetchOwn` gives a file of the site. Throws ModelError when the files are not whole: a scan must not go on as if with it. */
export async function openChampion(fetchOwn: (path: string) => Promise<Uint8Array>): Promise<ScanJudge | undefined> {
  const champion = await readChampion('judge')
  if (!champion) return undefined
  const { modelId } = champion
  const folder = shippedFolder(modelId)
  if (folder === SHIPPED_MODEL_FOLDER) return undefined
  const files = folder === undefined ? await readModelFiles(modelId) : undefined
  const { judge, manifest } = await openModelFolder(async (path) => {
    if (folder !== undefined) return fetchOwn(folder + path)
    const bytes = files?.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }, createTrainer)
  const weights = manifest.files.find(({ path }) => path === WEIGHTS_FILE)
  return { judge, manifest, sha256: weights?.sha256 ?? '' }
}
